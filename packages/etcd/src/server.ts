import {
  Closers,
  MetricsRegistry,
  processResolver,
  registerProcessMetrics,
  sleep,
} from '@kemu/base'
import type { Clock, Logger, Random } from '@kemu/base'
import type { DeliberateBug } from '@kemu/raft'
import { CorruptionChecker } from './cluster/corruption-checker.ts'
import { nodeIdOf } from './cluster/member-id.ts'
import { learnerGuard } from './api/learner-guard.ts'
import type { Member as MemberRecord } from '@kemu/rpc/etcd-codec'
import { bootstrap, hasData, stateFor } from './bootstrap.ts'
import type { Bootstrap, BootstrapSizes } from './bootstrap.ts'
import type { EtcdConfig } from './config.ts'
import { discover } from './discover.ts'
import type { ExistingCluster } from './discover.ts'
import { withGateway } from './gateway/door.ts'
import { GrpcServer } from './grpc/server.ts'
import { systemNetwork } from './grpc/network.ts'
import type { Dial, Network } from './grpc/network.ts'
import { systemAfterTurn } from './host/after-turn.ts'
import type { AfterTurn } from './host/after-turn.ts'
import { LogStorage } from './host/log-storage.ts'
import { RaftHost } from './host/raft-host.ts'
import { observability } from './http/observability.ts'
import { closeServer, listenAll, peerContext } from './listeners.ts'
import { AutoCompactor } from './member/auto-compactor.ts'
import { Member } from './member/member.ts'
import { addPeerService } from './peer/peer-service.ts'
import { PeerTransport } from './peer/peer-transport.ts'
import { addServices } from './services.ts'
import { SnapshotKeeper } from './member/snapshot-keeper.ts'
import { registerMetrics } from './metrics/member-metrics.ts'
import { measuredDisk } from './metrics/disk-metrics.ts'
import { registerNetworkMetrics } from './metrics/network-metrics.ts'
import { beginSnapshot } from './snapshot/snapshot-writer.ts'
import { forceNewCluster } from './recovery/force-new-cluster.ts'
import { restoreSnapshot } from './snapshot/snapshot-reader.ts'
import type { StateMachine } from './state/state-machine.ts'
import { systemDisk } from './wal/disk.ts'
import type { Disk } from './wal/disk.ts'

export interface EtcdDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly config: EtcdConfig
  /** How long a request may take beside two elections; 5 s as in etcd. Tests have less patience. */
  readonly requestTimeoutBaseMs?: number
  /** What a member stands on besides its clock; the system's own unless a test has others. */
  readonly disk?: Disk
  readonly network?: Network
  readonly afterTurn?: AfterTurn
  readonly sizes?: Partial<Sizes>
  readonly instruments?: Instruments
}

/** Sizes that nobody sets but tests, to see often what else is rare. */
export interface Sizes extends BootstrapSizes {
  /** Entries that stay in memory behind the newest, for followers that are a little behind. */
  readonly catchUpEntries: number
}

/** For tests that look into a member, or break it on purpose: the program has no way to them (main.ts). */
export interface Instruments {
  readonly raftBug?: DeliberateBug
  /** What was read from the disk, before anything is made of it. */
  onBoot?(boot: Bootstrap): void
  /** Before it has done anything. */
  onMember?(member: Member, storage: LogStorage): void
}

/** A member that serves. */
export interface EtcdServer {
  readonly member: Member
  /** Where clients may come, in the order of --listen-client-urls; a port of 0 is the one that was taken. */
  readonly clientPorts: readonly number[]
  readonly metricsPorts: readonly number[]
  readonly peerPorts: readonly number[]
  /** Settles when this member was removed from the cluster and has stopped serving. */
  readonly removed: Promise<void>
  close(): Promise<void>
}

/** Requests beyond the limit are refused with etcd's text; this is only what the framing lets through. */
const framingBytes = 512 << 10
/** A batch of appends, each up to 1 MiB and one entry. */
const peerMessageBytesMax = 512 << 20
/** etcd: 5 s for the disk and twice an election. */
const defaultRequestTimeoutBaseMs = 5000
/** Large values would fill the memory long before so many entries do. */
const catchUpBytes = 32 << 20

/** Opens the data directory, joins the cluster and listens. */
export async function startEtcd(deps: EtcdDeps): Promise<EtcdServer> {
  const { clock, logger, config } = deps
  const closers = new Closers()
  const electionMs = config.electionTicks * config.tickMs
  const newState = (): StateMachine =>
    stateFor(clock, { electionMs, hasLeaseCheckpoints: config.features.LeaseCheckpoint })
  const existing = await findExisting(deps)
  const { network = systemNetwork, sizes } = deps
  const metrics = new MetricsRegistry()
  const disk = measuredDisk(deps.disk ?? systemDisk, clock, metrics)
  const found = bootstrap({ config, clock, logger, newState, disk, sizes, existing })
  deps.instruments?.onBoot?.(found)
  const boot = config.forcesNewCluster && !found.isFresh ? await forceNewCluster(found) : found
  closers.defer(() => boot.wal.close())
  const { member, transport } = wireMember(deps, boot, newState, closers)
  const removed = new Promise<void>((resolve) => {
    member.onRemoved = resolve
  })
  registerProcessMetrics(metrics)
  registerMetrics(metrics, member, config)
  const onHttp = observability({
    member: () => member,
    metrics,
    corsOrigins: config.corsOrigins,
    readTimeoutMs: defaultRequestTimeoutBaseMs,
    timeout: (ms) => sleep(clock, ms).then(() => 'context deadline exceeded'),
  })
  const requestBytesMax = config.requestBytesMax + framingBytes
  const door = {
    server: () => server,
    corsOrigins: config.corsOrigins,
    bodyBytesMax: 2 * requestBytesMax,
  }
  const onClientHttp = config.hasJsonGateway ? withGateway(door, onHttp) : onHttp
  const server: GrpcServer = new GrpcServer({ requestBytesMax }, clock, onClientHttp)
  const requestTimeoutMs = requestTimeoutOf(deps)
  const { random } = deps
  await addServices(server, { member, transport, clock, random, config, requestTimeoutMs })
  registerNetworkMetrics(metrics, member, server, transport)
  const onMembers = (): void => {
    transport.update(member.state.membership.all())
    server.guardWith(member.isLearner ? learnerGuard : undefined)
  }
  member.onMembersChanged = onMembers
  server.guardWith(member.isLearner ? learnerGuard : undefined)
  const peers = new GrpcServer({ requestBytesMax: peerMessageBytesMax }, clock, onHttp)
  addPeerService(peers, {
    member,
    snapshots: boot.snapshots,
    logger,
    meet: (id, targets) => transport.meet(id, targets),
    isStrict: config.strictReconfigCheck,
  })
  const peerPorts = await listenAll(network, peers, config.peerUrls, config.peerTls)
  closers.defer(() => closeServer(clock, peers))
  transport.update(await reachableMembers(deps, member, existing))
  const checker = new CorruptionChecker({
    clock,
    logger,
    member,
    transport,
    config: {
      periodMs: config.corruptCheckMs,
      compactPeriodMs: config.features.CompactHashCheck ? config.compactHashCheckMs : 0,
    },
  })
  closers.add(checker)
  // A member that begins has nothing to compare, and one that is alone nobody to compare with.
  const isCompared = !boot.isFresh && member.state.membership.all().length > 1
  if (config.features.InitialCorruptCheck && isCompared) await checker.checkAtStart()
  const clientPorts = await listenAll(network, server, config.clientUrls, config.clientTls)
  closers.defer(() => closeServer(clock, server))
  const plain = new GrpcServer({ requestBytesMax: 0 }, clock, onHttp)
  const metricsPorts = await listenAll(network, plain, config.metricsUrls, config.clientTls)
  closers.defer(() => closeServer(clock, plain))
  logger.info('Serving clients', { urls: config.clientUrls.map(({ text }) => text) })
  publishAttributes(deps, member)
  const compactor = new AutoCompactor({
    clock,
    logger,
    mode: config.autoCompaction,
    isLeader: () => member.isLeader,
    revision: () => member.state.store.revision,
    compact: (revision) => member.submitted({ compact: { revision } }),
  })
  closers.add(compactor)
  // First of all: as long as the others can still answer.
  closers.defer(() => member.handOver((id) => transport.isConnected(id)))
  return { member, clientPorts, metricsPorts, peerPorts, removed, close: () => closers.close() }
}

/** A member that begins in a cluster that is there already learns from it who belongs to it. */
async function findExisting(deps: EtcdDeps): Promise<ExistingCluster | undefined> {
  const { config, disk } = deps
  if (config.initialClusterState === 'new' || hasData(config, disk ?? systemDisk)) return undefined
  return discover(config, dialPeers(deps))
}

/** Until its first snapshot a member that joined knows nobody: it asks (again, when it was killed meanwhile). */
async function reachableMembers(
  deps: EtcdDeps,
  member: Member,
  existing: ExistingCluster | undefined,
): Promise<readonly MemberRecord[]> {
  const known = member.state.membership.all()
  if (known.length > 0) return known
  if (existing) return existing.members
  return (await discover(deps.config, dialPeers(deps))).members
}

function wireMember(
  deps: EtcdDeps,
  boot: Bootstrap,
  newState: () => StateMachine,
  closers: Closers,
): { member: Member; transport: PeerTransport } {
  const { clock, random, logger, config, sizes, instruments } = deps
  const { afterTurn = systemAfterTurn } = deps
  const { wal, snapshots, memberId, clusterId } = boot
  const storage = new LogStorage(boot.memory, () => member.appliedPoint)
  const keeper = new SnapshotKeeper({
    clock,
    logger,
    dir: snapshots,
    wal,
    storage,
    isAlone: () => member.state.membership.all().length === 1,
    config: {
      entriesMin: config.snapshotCount,
      catchUpEntries: config.catchUpEntries,
      catchUpBytes,
      ...sizes,
    },
  })
  const electionMs = config.electionTicks * config.tickMs
  const requestTimeoutMs = requestTimeoutOf(deps)
  const firstSequence = random.int(2 ** 40)
  const member: Member = new Member({
    clock,
    logger,
    memberId,
    clusterId,
    joinsAsLearner: boot.joinsAsLearner,
    state: boot.state,
    metadata: boot.metadata,
    storage,
    keeper,
    loadState: (point) => {
      const state = newState()
      restoreSnapshot(state, snapshots.read(point), snapshots.path(point))
      return state
    },
    config: {
      requestTimeoutMs,
      tickMs: config.tickMs,
      quotaBytes: config.quotaBytes,
      electionMs,
      firstSequence,
      learnersMax: config.learnersMax,
    },
  })
  const begin = () => {
    const point = member.appliedPoint
    return { point, records: beginSnapshot(member.state, { clusterId, point }) }
  }
  const transport = new PeerTransport({
    clock,
    random,
    logger,
    clusterId,
    memberId,
    dial: dialPeers(deps),
    afterTurn,
    peerUrls: () =>
      member.state.membership.get(memberId)?.peerURLs ?? config.initialCluster.get(config.name)!,
    isRemoved: (id) => member.state.membership.isRemoved(id),
    onRemoved: () => member.onRemoved(),
    reportUnreachable: (id) => host.reportUnreachable(id),
    reportSnapshot: (id, delivered) => host.reportSnapshot(id, delivered),
    beginSnapshot: begin,
  })
  closers.defer(() => transport.close())
  const host: RaftHost = new RaftHost({
    clock,
    logger,
    wal,
    storage,
    consumer: member,
    transport,
    tickMs: config.tickMs,
    requestTimeoutMs,
    firstReadRequest: firstSequence,
    afterTurn,
    raft: {
      id: nodeIdOf(memberId),
      applied: boot.metadata.index,
      electionTicks: config.electionTicks,
      heartbeatTicks: 1,
      random,
      preVote: config.preVote,
      ...(instruments?.raftBug && { deliberateBug: instruments.raftBug }),
    },
  })
  member.attach(host)
  instruments?.onMember?.(member, storage)
  keeper.takeFrom({
    get bytes() {
      return member.state.store.bytes
    },
    begin,
    record: (point, done) => host.recordSnapshot(point, done),
  })
  closers.defer(async () => {
    member.stop()
    await keeper.stop()
    await host.stop()
  })
  if (isOnlyVoter(member)) host.campaign()
  // The members of a new cluster start together: nobody leads, so there is little to wait for.
  else if (config.advanceElection) host.advance(config.electionTicks - 1)
  return { member, transport }
}

function requestTimeoutOf({ config, requestTimeoutBaseMs }: EtcdDeps): number {
  const base = requestTimeoutBaseMs ?? defaultRequestTimeoutBaseMs
  return base + 2 * config.electionTicks * config.tickMs
}

function isOnlyVoter(member: Member): boolean {
  const { voters, votersOutgoing } = member.appliedPoint.confState
  return voters.length === 1 && votersOutgoing.length === 0 && voters[0] === nodeIdOf(member.id)
}

/** Tells the others this member's name and client URLs, when they do not know them yet. */
function publishAttributes({ config, logger }: EtcdDeps, member: Member): void {
  const known = member.state.membership.get(member.id)
  const { name, advertiseClientUrls } = config
  const isKnown = known?.name === name && known.clientURLs.join() === advertiseClientUrls.join()
  if (isKnown) return
  const memberAttributes = { ID: member.id, name, clientURLs: advertiseClientUrls }
  member.submit({ memberAttributes }, (error) => {
    if (error) logger.warn('Could not publish the attributes of this member', { err: error })
  })
}

function dialPeers({ clock, config, network = systemNetwork }: EtcdDeps): Dial {
  const resolve = processResolver()
  return (target) =>
    network.dial(target, { clock, resolve, tls: () => peerContext(config.peerTls) })
}
