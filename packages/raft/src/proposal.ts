import { planConfChange } from './confchange/changer.ts'
import { decodeConfChange, encodeConfChange, leaveJointChange } from './confchange/conf-change.ts'
import type { ConfChange } from './confchange/conf-change.ts'
import type { Raft } from './raft.ts'
import { broadcastAppend, dataBytes } from './replication.ts'
import { nobody } from './types.ts'
import type { Entry, LogIndex, Proposal } from './types.ts'

/**
 * What became of a proposal. `accepted` is no promise: the entry may still be lost with its leader, and the host learns
 * the outcome when it is applied, or never.
 */
export type ProposeResult =
  | 'accepted'
  /** There is no leader to take it; try again later. */
  | 'noLeader'
  /** The leader is handing over (section 3.10); try again soon. */
  | 'transferring'
  /** Too much data waits for a quorum. */
  | 'tooMuchUncommitted'

/** The leader appends what it is asked to and sends it on (section 3.5). */
export function proposeEntries(raft: Raft, proposals: readonly Proposal[]): ProposeResult {
  // It was removed and only finishes its term (section 4.2.2).
  if (!raft.tracker.progress.has(raft.id)) return 'noLeader'
  if (raft.transferee !== nobody) return 'transferring'
  const bytes = dataBytes(proposals)
  const { maxUncommittedBytes } = raft.settings
  // Entries without data never wait: a new leader's first entry, and leaving a joint configuration.
  const isTooMuch = raft.uncommittedBytes > 0 && raft.uncommittedBytes + bytes > maxUncommittedBytes
  if (bytes > 0 && isTooMuch) return 'tooMuchUncommitted'
  raft.uncommittedBytes += bytes
  appendOwn(raft, proposals)
  broadcastAppend(raft)
  return 'accepted'
}

/** Why a configuration change cannot be taken now; undefined when it can. */
export function refuseConfChange(raft: Raft, change: ConfChange): string | undefined {
  // One at a time: only then do the majorities of neighbouring configurations overlap (section 4.1).
  if (raft.pendingConfIndex > raft.log.applied) {
    return `the change at index ${raft.pendingConfIndex} is not applied yet`
  }
  const plan = planConfChange(raft.tracker.config, change)
  return plan.ok ? undefined : plan.reason
}

/** A joint configuration that says so is left as soon as it is committed and applied (section 4.3). */
export function maybeLeaveJoint(raft: Raft): void {
  const { autoLeave } = raft.tracker.config
  if (raft.role !== 'leader' || !autoLeave || raft.log.applied < raft.pendingConfIndex) return
  const data = encodeConfChange(leaveJointChange)
  proposeEntries(raft, [{ type: 'confChange', data }])
}

function appendOwn(raft: Raft, proposals: readonly Proposal[]): void {
  let index: LogIndex = raft.log.lastIndex()
  const entries = proposals.map((proposal): Entry => {
    index += 1
    const { type, data } = admit(raft, proposal, index)
    return { term: raft.term, index, type, data }
  })
  raft.log.append(entries)
  // The leader is one of the quorum, with its disk as the wire (section 10.2.1).
  raft.send({
    type: 'appendResponse',
    from: raft.id,
    to: raft.id,
    term: raft.term,
    reject: false,
    index,
    hintIndex: 0,
    hintTerm: 0,
  })
}

/** A change that cannot be made takes its place in the log as an empty entry, so that nobody waits for it. */
function admit(raft: Raft, proposal: Proposal, index: LogIndex): Proposal {
  if (proposal.type !== 'confChange') return proposal
  const refused = refuseConfChange(raft, decodeConfChange(proposal.data)) !== undefined
  if (refused) return { type: 'normal', data: new Uint8Array() }
  raft.pendingConfIndex = index
  return proposal
}
