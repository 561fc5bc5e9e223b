import type { Raft } from './raft.ts'
import type { ProgressState } from './tracker/progress.ts'
import type { ConfState, LogIndex, NodeId, Role, Term } from './types.ts'

export interface FollowerStatus {
  readonly match: LogIndex
  readonly next: LogIndex
  readonly state: ProgressState
  readonly isLearner: boolean
  readonly recentActive: boolean
}

/** A server as operators and tests see it. */
export interface Status {
  readonly id: NodeId
  readonly term: Term
  readonly vote: NodeId
  readonly role: Role
  readonly leader: NodeId
  readonly transferee: NodeId
  readonly committed: LogIndex
  readonly applied: LogIndex
  readonly lastIndex: LogIndex
  readonly confState: ConfState
  /** Of a leader only. */
  readonly followers: ReadonlyMap<NodeId, FollowerStatus>
}

export function statusOf(raft: Raft): Status {
  const followers = new Map<NodeId, FollowerStatus>()
  if (raft.role === 'leader') {
    for (const [id, { match, next, state, isLearner, recentActive }] of raft.tracker.progress) {
      followers.set(id, { match, next, state, isLearner, recentActive })
    }
  }
  return {
    id: raft.id,
    term: raft.term,
    vote: raft.vote,
    role: raft.role,
    leader: raft.leader,
    transferee: raft.transferee,
    committed: raft.log.committed,
    applied: raft.log.applied,
    lastIndex: raft.log.lastIndex(),
    confState: raft.confState(),
    followers,
  }
}
