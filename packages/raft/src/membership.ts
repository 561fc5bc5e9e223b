import { assert } from '@kemu/base'
import { planConfChange } from './confchange/changer.ts'
import type { ConfChange } from './confchange/conf-change.ts'
import { maybeCommit } from './leader.ts'
import type { Raft } from './raft.ts'
import { broadcastAppend, sendAppend } from './replication.ts'
import { isVoter } from './quorum/joint.ts'
import { nobody } from './types.ts'
import type { ConfState } from './types.ts'

/** A committed change takes effect here; every server does this at the same index of the log (section 4.1). */
export function applyConfChange(raft: Raft, change: ConfChange): ConfState {
  const plan = planConfChange(raft.tracker.config, change)
  assert(plan.ok, `a committed change of the members does not fit: ${plan.ok ? '' : plan.reason}`)
  raft.tracker.switchTo(plan.config, Math.max(raft.log.lastIndex(), 1))
  if (raft.role === 'leader') adaptLeader(raft)
  return raft.confState()
}

function adaptLeader(raft: Raft): void {
  const { config } = raft.tracker
  // The leader has removed itself: now that this is committed it steps down (section 4.2.2).
  if (!isVoter(config.voters, raft.id)) return raft.becomeFollower(raft.term, nobody)
  if (!isVoter(config.voters, raft.transferee)) raft.transferee = nobody
  // A smaller quorum may have what the larger one lacked.
  if (maybeCommit(raft)) return broadcastAppend(raft)
  for (const id of raft.tracker.progress.keys()) {
    if (id !== raft.id) sendAppend(raft, id, false)
  }
}
