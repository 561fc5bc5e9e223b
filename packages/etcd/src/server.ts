import { readFileSync } from 'node:fs'
import {
  Closers,
  MetricsRegistry,
  processResolver,
  registerProcessMetrics,
  sleep,
} from '@kemu/base'
import type { Clock, Logger, Random } from '@kemu/base'
import type { SecureContextOptions } from 'node:tls'
import { nodeIdOf } from './cluster/member-id.ts'
import { addAuth } from './api/auth.ts'
import { addCluster, promoteLearner } from './api/cluster.ts'
import { addKv } from './api/kv.ts'
import { addLease } from './api/lease.ts'
import { addLockAndElection } from './api/lock-and-election.ts'
import { addMaintenance } from './api/maintenance.ts'
import { addWatch } from './api/watch.ts'
import type { Member as MemberRecord } from '@kemu/rpc/etcd-codec'
import { PeerService } from '@kemu/rpc/raft-codec'
import { bootstrap, hasData, stateFor } from './bootstrap.ts'
import type { Bootstrap } from './bootstrap.ts'
import type { EtcdConfig, TlsFiles } from './config.ts'
import { discover } from './discover.ts'
import type { ExistingCluster } from './discover.ts'
import { GrpcServer } from './grpc/server.ts'
import type { ServerTls } from './grpc/server.ts'
import { LogStorage } from './host/log-storage.ts'
import { RaftHost } from './host/raft-host.ts'
import { observability } from './http/observability.ts'
import type { ListenUrl } from './listen-url.ts'
import { Authenticator } from './auth/authenticator.ts'
import { SimpleTokens } from './auth/simple-tokens.ts'
import type { Tokens } from './auth/tokens.ts'
import { AutoCompactor } from './member/auto-compactor.ts'
import { Member } from './member/member.ts'
import { atLeader } from './peer/at-leader.ts'
import { forwardedLeases } from './peer/forwarded-leases.ts'
import { addPeerService } from './peer/peer-service.ts'
import { PeerTransport } from './peer/peer-transport.ts'
import { SnapshotKeeper } from './member/snapshot-keeper.ts'
import { registerMetrics } from './metrics.ts'
import { beginSnapshot } from './snapshot/snapshot-writer.ts'
import { forceNewCluster } from './recovery/force-new-cluster.ts'
import { restoreSnapshot } from './snapshot/snapshot-reader.ts'
import type { StateMachine } from './state/state-machine.ts'
import type { Disk } from './wal/disk.ts'

export interface EtcdDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly config: EtcdConfig
  /** How long a request may take beside two elections; 5 s as in etcd. Tests have less patience. */
  readonly requestTimeoutBaseMs?: number
  /** Tests put faults between the log and its file. */
  readonly disk?: Disk
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
const closeGraceMs = 1000
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
  const found = bootstrap({ config, clock, logger, newState, disk: deps.disk, existing })
  const boot = config.forcesNewCluster && !found.isFresh ? await forceNewCluster(found) : found
  closers.defer(() => boot.wal.close())
  const { member, transport } = wireMember(deps, boot, newState, closers)
  const removed = new Promise<void>((resolve) => {
    member.onRemoved = resolve
  })
  const metrics = new MetricsRegistry()
  registerProcessMetrics(metrics)
  registerMetrics(metrics, member)
  const onHttp = observability({
    member: () => member,
    exposeMetrics: () => metrics.expose(),
    readTimeoutMs: defaultRequestTimeoutBaseMs,
    timeout: (ms) => sleep(clock, ms).then(() => 'timed out'),
  })
  const server = new GrpcServer({ requestBytesMax: config.requestBytesMax + framingBytes }, onHttp)
  addServices(server, member, transport, deps, await tokensFor(deps))
  const clientPorts = await listenAll(server, config.clientUrls, config.clientTls)
  closers.defer(() => closeServer(clock, server))
  const plain = new GrpcServer({ requestBytesMax: 0 }, onHttp)
  const metricsPorts = await listenAll(plain, config.metricsUrls, config.clientTls)
  closers.defer(() => closeServer(clock, plain))
  const peers = new GrpcServer({ requestBytesMax: peerMessageBytesMax }, onHttp)
  addPeerService(peers, {
    member,
    snapshots: boot.snapshots,
    logger,
    isStrict: config.strictReconfigCheck,
  })
  const peerPorts = await listenAll(peers, config.peerUrls, config.peerTls)
  closers.defer(() => closeServer(clock, peers))
  transport.update(await reachableMembers(deps, member, existing))
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
async function findExisting({ config, clock }: EtcdDeps): Promise<ExistingCluster | undefined> {
  if (config.initialClusterState === 'new' || hasData(config)) return undefined
  return discover(config, clock, () => peerContext(config.peerTls))
}

/** Until its first snapshot a member that joined knows nobody: it asks (again, when it was killed meanwhile). */
async function reachableMembers(
  { config, clock }: EtcdDeps,
  member: Member,
  existing: ExistingCluster | undefined,
): Promise<readonly MemberRecord[]> {
  const known = member.state.membership.all()
  if (known.length > 0) return known
  if (existing) return existing.members
  return (await discover(config, clock, () => peerContext(config.peerTls))).members
}

function wireMember(
  deps: EtcdDeps,
  boot: Bootstrap,
  newState: () => StateMachine,
  closers: Closers,
): { member: Member; transport: PeerTransport } {
  const { clock, random, logger, config } = deps
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
    },
  })
  const electionMs = config.electionTicks * config.tickMs
  const requestTimeoutMs = requestTimeoutOf(deps)
  const member: Member = new Member({
    clock,
    logger,
    memberId,
    clusterId,
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
      firstSequence: random.int(2 ** 40),
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
    channel: { clock, resolve: processResolver(), tls: () => peerContext(config.peerTls) },
    onRemoved: () => member.onRemoved(),
    reportUnreachable: (id) => host.reportUnreachable(id),
    reportSnapshot: (id, delivered) => host.reportSnapshot(id, delivered),
    beginSnapshot: begin,
  })
  member.onMembersChanged = () => transport.update(member.state.membership.all())
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
    raft: {
      id: nodeIdOf(memberId),
      applied: boot.metadata.index,
      electionTicks: config.electionTicks,
      heartbeatTicks: 1,
      random,
      preVote: config.preVote,
    },
  })
  member.attach(host)
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

function addServices(
  server: GrpcServer,
  member: Member,
  transport: PeerTransport,
  deps: EtcdDeps,
  tokens: Tokens,
): void {
  const { clock, random, config } = deps
  const { txnOpsMax, requestBytesMax, progressIntervalMs, quotaBytes } = config
  const authenticator = new Authenticator({
    tokens,
    auth: () => member.state.auth,
    trustsCertificates: config.clientTls?.requireClientCertificate ?? false,
  })
  addKv(server, { member, authenticator, config: { txnOpsMax, requestBytesMax } })
  addWatch(server, {
    member,
    clock,
    random,
    authenticator,
    config: { progressIntervalMs, requestBytesMax },
  })
  const requestTimeoutMs = requestTimeoutOf(deps)
  const leader = forwardedLeases({ member, transport, clock, requestTimeoutMs })
  addLease(server, { member, leader, authenticator, random })
  addAuth(server, { member, authenticator, random, passwordCost: config.passwordCost })
  addLockAndElection(server, { member, authenticator, random })
  const isStrict = config.strictReconfigCheck
  addCluster(server, {
    member,
    clock,
    authenticator,
    isConnected: (id) => transport.isConnected(id),
    promoteAtLeader: (id) =>
      atLeader(
        { member, transport, clock, requestTimeoutMs },
        () => promoteLearner(member, isStrict, id),
        async (channel) => (await channel.unary(PeerService.MemberPromote, { ID: id })).members,
      ),
    config: { isStrict, learnersMax: config.learnersMax },
  })
  addMaintenance(server, {
    member,
    clock,
    authenticator,
    config: { quotaBytes, requestTimeoutMs, tickMs: config.tickMs },
  })
}

/** The code for signed tokens is loaded only where they are asked for. */
async function tokensFor({ clock, random, config }: EtcdDeps): Promise<Tokens> {
  const { token } = config
  if (token.kind === 'simple') return new SimpleTokens({ clock, random, ttlMs: token.ttlMs })
  const { JsonWebTokens } = await import('./auth/json-web-tokens.ts')
  return new JsonWebTokens(token, clock)
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

async function listenAll(
  server: GrpcServer,
  urls: readonly ListenUrl[],
  tls: TlsFiles | undefined,
): Promise<number[]> {
  const ports: number[] = []
  for (const { host, port, isSecure, text } of urls) {
    if (isSecure && !tls) throw new Error(`${text} needs --cert-file and --key-file`)
    try {
      ports.push(await server.listen(host, port, isSecure ? serverTls(tls!) : undefined))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new Error(`cannot listen on ${text}: ${reason}`, { cause: error })
    }
  }
  return ports
}

function serverTls(files: TlsFiles): ServerTls {
  const { certFile, keyFile, caFile, requireClientCertificate, minVersion, maxVersion } = files
  return {
    context: {
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
      minVersion,
      maxVersion,
      ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    },
    requireClientCertificate,
  }
}

function peerContext(files: TlsFiles | undefined): SecureContextOptions {
  return files ? serverTls(files).context : {}
}

function closeServer(clock: Clock, server: GrpcServer): Promise<void> {
  return server.close(closeGraceMs, (ms, then) => clock.setTimer(ms, then))
}
