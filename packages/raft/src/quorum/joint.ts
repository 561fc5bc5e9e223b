import type { LogIndex, NodeId } from '../types.ts'
import { majorityCommitted, majorityVote } from './majority.ts'
import type { VoteResult } from './majority.ts'

/**
 * The voters of a configuration. While a joint change is under way, agreement needs separate majorities of the old and
 * the new voters (thesis section 4.3); otherwise `outgoing` is empty and does not count.
 */
export interface JointVoters {
  readonly incoming: ReadonlySet<NodeId>
  readonly outgoing: ReadonlySet<NodeId>
}

export function jointCommitted(
  voters: JointVoters,
  acknowledged: (id: NodeId) => LogIndex,
): LogIndex {
  return Math.min(
    majorityCommitted(voters.incoming, acknowledged),
    majorityCommitted(voters.outgoing, acknowledged),
  )
}

export function jointVote(voters: JointVoters, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  const incoming = majorityVote(voters.incoming, votes)
  const outgoing = majorityVote(voters.outgoing, votes)
  if (incoming === outgoing) return incoming
  return incoming === 'lost' || outgoing === 'lost' ? 'lost' : 'pending'
}

export function isVoter(voters: JointVoters, id: NodeId): boolean {
  return voters.incoming.has(id) || voters.outgoing.has(id)
}

/** Each voter once, in a stable order. */
export function allVoters(voters: JointVoters): NodeId[] {
  return [...new Set([...voters.incoming, ...voters.outgoing])].sort()
}
