/** A server's name inside the cluster; the empty name means "nobody". */
export type NodeId = string
export const nobody: NodeId = ''

/** Raft's logical clock: at most one leader in each term (thesis section 3.3). */
export type Term = number

/** A position in the log. The first entry has index 1; index 0 with term 0 stands before it. */
export type LogIndex = number

/** One slot of the replicated log. */
export interface Entry {
  readonly term: Term
  readonly index: LogIndex
  /** `confChange` carries an encoded ConfChange; everything else belongs to the host's state machine. */
  readonly type: EntryType
  readonly data: Uint8Array
}

export type EntryType = 'normal' | 'confChange'

/** An entry before the leader has given it a place. */
export interface Proposal {
  readonly type: EntryType
  readonly data: Uint8Array
}

/** What must survive a restart beside the log (thesis section 3.8); `commit` may lag, it only saves work. */
export interface HardState {
  readonly term: Term
  readonly vote: NodeId
  /** Never past the end of the log that is on disk with it. */
  readonly commit: LogIndex
}

export const emptyHardState: HardState = { term: 0, vote: nobody, commit: 0 }

/** Who votes and who only listens. `votersOutgoing` is not empty while a joint change is under way (section 4.3). */
export interface ConfState {
  readonly voters: readonly NodeId[]
  readonly votersOutgoing: readonly NodeId[]
  readonly learners: readonly NodeId[]
  /** Voters of the outgoing side that become learners when the joint configuration is left. */
  readonly learnersNext: readonly NodeId[]
  /** The leader leaves the joint configuration by itself as soon as it is committed. */
  readonly autoLeave: boolean
}

export function confStateOf(
  voters: readonly NodeId[],
  learners: readonly NodeId[] = [],
): ConfState {
  return { voters, votersOutgoing: [], learners, learnersNext: [], autoLeave: false }
}

/** The point in the log that a snapshot replaces (thesis section 5.1). */
export interface SnapshotMetadata {
  readonly index: LogIndex
  readonly term: Term
  readonly confState: ConfState
}

export interface Snapshot {
  readonly metadata: SnapshotMetadata
  /** The host's own: the state machine at `metadata.index`, or a handle by which its transport finds it. */
  readonly data: Uint8Array
}

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader'
