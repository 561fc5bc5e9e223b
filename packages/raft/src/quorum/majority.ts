import type { LogIndex, NodeId } from '../types.ts'

export type VoteResult = 'won' | 'lost' | 'pending'

/** How many of `size` servers make a majority; 0 of 0. */
export function majoritySize(size: number): number {
  return size === 0 ? 0 : Math.floor(size / 2) + 1
}

/**
 * The highest index that a majority has acknowledged. An empty set commits everything: it is the absent half of a joint
 * quorum and must not hold the other half back.
 */
export function majorityCommitted(
  voters: ReadonlySet<NodeId>,
  acknowledged: (id: NodeId) => LogIndex,
): LogIndex {
  if (voters.size === 0) return Number.POSITIVE_INFINITY
  const needed = majoritySize(voters.size)
  let highest = 0
  for (const id of voters) {
    const index = acknowledged(id)
    if (index > highest && countUpTo(voters, acknowledged, index) >= needed) highest = index
  }
  return highest
}

/** How many have acknowledged `index`. Counting allocates nothing, other than sorting: a leader does it at each answer. */
function countUpTo(
  voters: ReadonlySet<NodeId>,
  acknowledged: (id: NodeId) => LogIndex,
  index: LogIndex,
): number {
  let count = 0
  for (const id of voters) if (acknowledged(id) >= index) count += 1
  return count
}

/** The state of an election among these voters; an empty set has always won (see above). */
export function majorityVote(
  voters: ReadonlySet<NodeId>,
  votes: ReadonlyMap<NodeId, boolean>,
): VoteResult {
  let yes = 0
  let missing = 0
  for (const id of voters) {
    const vote = votes.get(id)
    if (vote === undefined) missing += 1
    else if (vote) yes += 1
  }
  const needed = majoritySize(voters.size)
  if (yes >= needed) return 'won'
  return yes + missing >= needed ? 'pending' : 'lost'
}
