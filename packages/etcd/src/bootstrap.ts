import type { Clock, Logger } from '@kemu/base'
import type { SnapshotMetadata } from '@kemu/raft'
import { confStateOf, MemoryStorage } from '@kemu/raft'
import type { Member as MemberRecord } from '@kemu/rpc/etcd-codec'
import type { WalMetadata } from '@kemu/rpc/raft-codec'
import { clusterIdOf, memberIdOf, nodeIdOf } from './cluster/member-id.ts'
import type { EtcdConfig } from './config.ts'
import type { ExistingCluster } from './discover.ts'
import { chooseSnapshot, replaySaves } from './host/log-storage.ts'
import { SnapshotDir } from './snapshot/snapshot-dir.ts'
import { restoreSnapshot } from './snapshot/snapshot-reader.ts'
import { StateMachine } from './state/state-machine.ts'
import { DataDirError } from './wal/errors.ts'
import type { Disk } from './wal/disk.ts'
import { Wal } from './wal/wal.ts'
import type { WalConfig } from './wal/wal.ts'

/** etcd: SegmentSizeBytes in server/storage/wal. */
const segmentBytes = 64 << 20

/** Sizes on disk. */
export interface BootstrapSizes {
  /** A segment of the log that has grown past this is followed by a new one. */
  readonly segmentBytes: number
}

/** A member's past, or its beginning. */
export interface Bootstrap {
  readonly memberId: bigint
  readonly clusterId: bigint
  readonly wal: Wal
  readonly snapshots: SnapshotDir
  readonly memory: MemoryStorage
  readonly state: StateMachine
  /** Where in the log `state` stands. */
  readonly metadata: SnapshotMetadata
  readonly isFresh: boolean
  /** What the others say of a newcomer: its own log says so only later. */
  readonly joinsAsLearner: boolean
}

export interface BootstrapDeps {
  readonly config: EtcdConfig
  readonly clock: Clock
  readonly logger: Logger
  readonly newState: () => StateMachine
  readonly disk: Disk
  readonly sizes?: Partial<BootstrapSizes> | undefined
  /** Of a cluster that exists already: what its members say; needed to join it. */
  readonly existing?: ExistingCluster | undefined
}

export function hasData(config: EtcdConfig, disk: Disk): boolean {
  return Wal.exists(config.walDir, disk)
}

/** Opens the data directory, or founds a member in an empty one. Throws a DataDirError that says what is wrong. */
export function bootstrap(deps: BootstrapDeps): Bootstrap {
  const { config, disk } = deps
  try {
    disk.makeDirectory(config.snapshotDir)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new DataDirError(`cannot use the data directory ${config.dataDir}: ${reason}`)
  }
  const snapshots = new SnapshotDir({
    directory: config.snapshotDir,
    keepMax: config.snapshotsMax,
    disk,
  })
  return hasData(config, disk) ? reopen(deps, snapshots) : found(deps, snapshots)
}

function found(deps: BootstrapDeps, snapshots: SnapshotDir): Bootstrap {
  const { config, existing } = deps
  const members = existing ? [...existing.members] : foundingMembers(config)
  const own = findOwn(config, members)
  const clusterId = existing?.clusterId ?? clusterIdOf(members.map(({ ID }) => ID))
  const founders = existing ? [] : members
  const wal = Wal.create(walConfig(deps), { clusterId, memberId: own.ID, members: founders })
  const identity = { memberId: own.ID, clusterId, founders, joinsAsLearner: own.isLearner }
  return begin(deps, snapshots, wal, identity)
}

function begin(
  deps: BootstrapDeps,
  snapshots: SnapshotDir,
  wal: Wal,
  {
    founders,
    ...identity
  }: Pick<Bootstrap, 'memberId' | 'clusterId' | 'joinsAsLearner'> & { founders: MemberRecord[] },
): Bootstrap {
  const state = deps.newState()
  const metadata = firstMetadata(founders)
  state.membership.restore(founders, [])
  const memory = replaySaves([], metadata)
  return { ...identity, wal, snapshots, memory, state, metadata, isFresh: true }
}

/** All founders start from the same point: an entry at index 1 that named them. A newcomer starts from nothing. */
function firstMetadata(founders: readonly MemberRecord[]): SnapshotMetadata {
  if (founders.length === 0) return { index: 0, term: 0, confState: confStateOf([]) }
  const voters = founders.map(({ ID }) => nodeIdOf(ID)).sort()
  return { index: 1, term: 1, confState: confStateOf(voters) }
}

function reopen(deps: BootstrapDeps, snapshots: SnapshotDir): Bootstrap {
  const { logger } = deps
  const { wal, content } = Wal.open(walConfig(deps))
  const { clusterId, memberId, members } = content.metadata
  if (content.tornBytes > 0) {
    logger.warn('Cut off a torn write at the end of the write-ahead log', {
      bytes: content.tornBytes,
    })
  }
  const state = deps.newState()
  const chosen = chooseSnapshot(content.saves, (point) => snapshots.has(point))
  let metadata = firstMetadata(members)
  if (chosen) {
    const head = restoreSnapshot(state, snapshots.read(chosen), snapshots.path(chosen))
    checkCluster(head.clusterId, content.metadata, snapshots.path(chosen))
    metadata = chosen
  } else state.membership.restore(members, [])
  const memory = replaySaves(content.saves, metadata)
  const known = { memberId, clusterId, isFresh: false, joinsAsLearner: false }
  return { ...known, wal, snapshots, memory, state, metadata }
}

function checkCluster(found: bigint, { clusterId }: WalMetadata, file: string): void {
  if (found === clusterId) return
  throw new DataDirError(
    `snapshot ${file} is of cluster ${found.toString(16)}, the write-ahead log of ${clusterId.toString(16)}: ` +
      `the data directory was put together from two members`,
  )
}

export function foundingMembers(config: EtcdConfig): MemberRecord[] {
  return [...config.initialCluster].map(([name, urls]) => ({
    ID: memberIdOf(urls, config.clusterToken),
    name,
    peerURLs: [...urls],
    clientURLs: [],
    isLearner: false,
  }))
}

/** This member among those of the cluster, by its peer URLs: a member that was just added has no name yet. */
export function findOwn(config: EtcdConfig, members: readonly MemberRecord[]): MemberRecord {
  const urls = config.initialCluster.get(config.name) ?? []
  const own = members.find(({ peerURLs }) => peerURLs.some((url) => urls.includes(url)))
  if (own) return own
  throw new DataDirError(
    `member ${config.name} with peer URLs ${urls.join(',')} is not a member of the cluster; add it first (etcdctl member add)`,
  )
}

function walConfig({ config, clock, disk, sizes }: BootstrapDeps): WalConfig {
  return { ...walConfigOf(config, clock, disk), ...sizes }
}

export function walConfigOf(config: EtcdConfig, clock: Clock, disk: Disk): WalConfig {
  return { directory: config.walDir, segmentBytes, clock, disk }
}

export interface StateOptions {
  readonly electionMs: number
  readonly hasLeaseCheckpoints: boolean
}

/** An empty state. */
export function stateFor(clock: Clock, options: StateOptions): StateMachine {
  const { electionMs, hasLeaseCheckpoints } = options
  // etcd: a lease outlives one election and a half.
  const leaseTtlSecondsMin = Math.ceil((1.5 * electionMs) / 1000)
  return new StateMachine({ clock, leaseTtlSecondsMin, hasLeaseCheckpoints })
}
