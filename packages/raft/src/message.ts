import type { Entry, LogIndex, NodeId, Proposal, Snapshot, Term } from './types.ts'

interface Envelope {
  readonly from: NodeId
  readonly to: NodeId
  /** The sender's term; for `preVote` the term that it would campaign in. Forwarded requests carry 0. */
  readonly term: Term
}

/** AppendEntries (thesis section 3.5): these entries follow the one at `prevIndex`. */
export interface AppendMessage extends Envelope {
  readonly type: 'append'
  readonly prevIndex: LogIndex
  readonly prevTerm: Term
  readonly entries: readonly Entry[]
  readonly commit: LogIndex
}

/**
 * An AppendEntries without entries that tells the commit index. It is answered only when the entry at `prevIndex` is not
 * in the receiver's log: that everything fits is no news, and at a quiet store half of all messages would say it.
 */
export interface CommitMessage extends Envelope {
  readonly type: 'commit'
  readonly prevIndex: LogIndex
  readonly prevTerm: Term
  readonly commit: LogIndex
}

export interface AppendResponse extends Envelope {
  readonly type: 'appendResponse'
  readonly reject: boolean
  /** Accepted: the last index known to match. Rejected: the `prevIndex` that did not fit. */
  readonly index: LogIndex
  /** Of a rejection: an index, and its term, at or below which the two logs may agree. */
  readonly hintIndex: LogIndex
  readonly hintTerm: Term
}

/** RequestVote (section 3.4), and its rehearsal before a term is spent (section 9.6). */
export interface VoteRequest extends Envelope {
  readonly type: 'vote' | 'preVote'
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
  /** The leader asked for this election; voters that still hear the leader need not object (section 3.10). */
  readonly transfer: boolean
}

export interface VoteResponse extends Envelope {
  readonly type: 'voteResponse' | 'preVoteResponse'
  readonly reject: boolean
}

/** An empty AppendEntries that keeps leadership; `readRound` numbers the leader's rounds for reads (section 6.4). */
export interface HeartbeatMessage extends Envelope {
  readonly type: 'heartbeat'
  readonly commit: LogIndex
  readonly readRound: number
}

export interface HeartbeatResponse extends Envelope {
  readonly type: 'heartbeatResponse'
  readonly readRound: number
}

/** InstallSnapshot (section 5); how the data travels is the transport's business. */
export interface SnapshotMessage extends Envelope {
  readonly type: 'snapshot'
  readonly snapshot: Snapshot
}

/** A follower passes what its clients want to the leader (section 6.2). */
export interface ProposeMessage extends Envelope {
  readonly type: 'propose'
  readonly proposals: readonly Proposal[]
}

/** A follower asks for an index at which it may read; `request` is its own number for the question. */
export interface ReadIndexMessage extends Envelope {
  readonly type: 'readIndex'
  readonly request: number
}

export interface ReadIndexResponse extends Envelope {
  readonly type: 'readIndexResponse'
  readonly request: number
  readonly index: LogIndex
}

/** Asks the leader to hand over to `transferee` (section 3.10). */
export interface TransferLeaderMessage extends Envelope {
  readonly type: 'transferLeader'
  readonly transferee: NodeId
}

/** The leader tells a server with a complete log to start an election at once (section 3.10). */
export interface TimeoutNowMessage extends Envelope {
  readonly type: 'timeoutNow'
}

/** Everything that travels between servers. */
export type Message =
  | AppendMessage
  | CommitMessage
  | AppendResponse
  | VoteRequest
  | VoteResponse
  | HeartbeatMessage
  | HeartbeatResponse
  | SnapshotMessage
  | ProposeMessage
  | ReadIndexMessage
  | ReadIndexResponse
  | TransferLeaderMessage
  | TimeoutNowMessage

/** Messages that only a leader sends: who receives one in its own term knows its leader. */
export function isFromLeader(
  message: Message,
): message is AppendMessage | CommitMessage | HeartbeatMessage | SnapshotMessage {
  switch (message.type) {
    case 'append':
    case 'commit':
    case 'heartbeat':
    case 'snapshot':
      return true
    default:
      return false
  }
}

/**
 * What a server claims by these it must still know after a crash, so they wait until the state they stand on is on
 * disk (section 3.8). Vote requests are among them because they claim a log.
 */
export function claimsDurableState(message: Message): boolean {
  switch (message.type) {
    case 'appendResponse':
    case 'vote':
    case 'preVote':
    case 'voteResponse':
    case 'preVoteResponse':
      return true
    default:
      return false
  }
}
