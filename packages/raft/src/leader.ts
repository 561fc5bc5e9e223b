import { assert } from '@kemu/base'
import type {
  AppendResponse,
  HeartbeatResponse,
  Message,
  ReadIndexMessage,
  TransferLeaderMessage,
} from './message.ts'
import { proposeEntries } from './proposal.ts'
import type { Raft } from './raft.ts'
import type { ReadRequest } from './read-index.ts'
import { broadcastCommit, broadcastHeartbeat, sendAppend, sendNudge } from './replication.ts'
import { isOnlyVoter } from './tracker/config.ts'
import type { Progress } from './tracker/progress.ts'
import { nobody } from './types.ts'
import type { LogIndex, NodeId } from './types.ts'

/** What a leader does with a message of its own term. */
export function stepLeader(raft: Raft, message: Message): void {
  switch (message.type) {
    case 'propose':
      proposeEntries(raft, message.proposals)
      return
    case 'appendResponse':
      return handleAppendResponse(raft, message)
    case 'heartbeatResponse':
      return handleHeartbeatResponse(raft, message)
    case 'readIndex':
      return handleReadIndex(raft, message)
    case 'transferLeader':
      return handleTransferLeader(raft, message)
    case 'append':
    case 'commit':
    case 'heartbeat':
    case 'snapshot':
      return assert(false, `two leaders in term ${raft.term}: ${raft.id} and ${message.from}`)
    case 'vote':
    case 'preVote':
      return assert(false, 'vote requests are answered by every role alike')
    // Late answers to the election that was won, or to what this server asked as a follower.
    case 'voteResponse':
    case 'preVoteResponse':
    case 'timeoutNow':
    case 'readIndexResponse':
      return
  }
}

/** A candidate that won announces it, and commits an entry of its own term to learn what is committed (section 6.4). */
export function takeLeadership(raft: Raft): void {
  raft.becomeLeader()
  proposeEntries(raft, [{ type: 'normal', data: new Uint8Array() }])
}

export function tickLeader(raft: Raft): void {
  raft.heartbeatElapsed += 1
  raft.electionElapsed += 1
  if (raft.electionElapsed >= raft.settings.electionTicks) {
    raft.electionElapsed = 0
    if (raft.settings.checkQuorum && !checkQuorum(raft)) return
    // The transferee had its chance; the leader takes proposals again (section 3.10).
    raft.transferee = nobody
  }
  if (raft.heartbeatElapsed >= raft.settings.heartbeatTicks) {
    raft.heartbeatElapsed = 0
    broadcastHeartbeat(raft)
  }
}

/** A leader that a quorum does not answer must not go on taking requests (section 6.2). */
function checkQuorum(raft: Raft): boolean {
  raft.tracker.progress.get(raft.id)!.recentActive = true
  if (!raft.tracker.quorumActive()) {
    raft.becomeFollower(raft.term, nobody)
    return false
  }
  for (const [id, progress] of raft.tracker.progress) progress.recentActive = id === raft.id
  return true
}

function handleAppendResponse(raft: Raft, response: AppendResponse): void {
  const progress = raft.tracker.progress.get(response.from)
  if (!progress) return
  progress.recentActive = true
  if (response.reject) return handleRejection(raft, progress, response)
  const wasPaused = progress.isPaused()
  const isProbeAnswered = progress.state === 'probe' && progress.match === response.index
  if (!progress.maybeUpdate(response.index) && !isProbeAnswered) return
  advanceState(raft, progress, response.index)
  if (maybeCommit(raft)) broadcastCommit(raft)
  else if (wasPaused) sendAppend(raft, response.from, true)
  feed(raft, response.from)
  if (raft.transferee === response.from) maybeSendTimeoutNow(raft, response.from)
}

/** The logs did not fit: go back to where they may, skipping whole terms of either log (section 3.5). */
function handleRejection(raft: Raft, progress: Progress, response: AppendResponse): void {
  const { hintIndex, hintTerm } = response
  const hint = hintTerm > 0 ? raft.log.findConflict(hintIndex, hintTerm).index : hintIndex
  if (!progress.maybeDecreaseTo(response.index, hint)) return
  if (progress.state === 'replicate') progress.becomeProbe()
  sendAppend(raft, response.from, true)
}

function advanceState(raft: Raft, progress: Progress, index: LogIndex): void {
  switch (progress.state) {
    case 'probe':
      return progress.becomeReplicate()
    case 'replicate':
      return progress.inflights.freeTo(index)
    case 'snapshot':
      // It has all that is compacted here; whether by the snapshot or by another way does not matter.
      if (progress.match + 1 >= raft.log.firstIndex()) progress.becomeReplicate()
  }
}

/**
 * The commit rule: an entry is committed when a quorum has it, but only entries of the leader's own term are counted;
 * older ones come along (section 3.6.2).
 */
export function maybeCommit(raft: Raft): boolean {
  const index = raft.tracker.committed()
  if (index <= raft.log.committed) return false
  const isOwnTerm = raft.log.term(index) === raft.term
  if (!isOwnTerm && raft.settings.deliberateBug !== 'commits-older-terms') return false
  raft.log.commitTo(index)
  for (const read of raft.reads.takeHeld()) startRead(raft, read)
  return true
}

/** After news the window may have room for several messages. */
function feed(raft: Raft, to: NodeId): void {
  if (to === raft.id) return
  while (sendAppend(raft, to, false)) {
    // Each message takes what fits into it.
  }
}

function handleHeartbeatResponse(raft: Raft, response: HeartbeatResponse): void {
  const progress = raft.tracker.progress.get(response.from)
  if (!progress) return
  progress.recentActive = true
  // Whatever was under way before was answered or is lost.
  progress.probeSent = false
  if (progress.match < raft.log.lastIndex() || progress.state === 'probe') {
    sendNudge(raft, response.from, progress)
  }
  const { voters } = raft.tracker.config
  const safe = raft.reads.acknowledge(response.from, response.readRound, raft.id, voters)
  for (const read of safe) answerRead(raft, read, read.index)
}

function handleReadIndex(raft: Raft, { from, request }: ReadIndexMessage): void {
  startRead(raft, { from, request })
}

/** The steps of section 6.4 at the leader. */
function startRead(raft: Raft, read: ReadRequest): void {
  const { log, settings, tracker } = raft
  // 1. Until an entry of this term is committed the leader does not know what earlier leaders committed.
  if (log.term(log.committed) !== raft.term) return raft.reads.hold(read)
  const isTrusted =
    isOnlyVoter(tracker.config, raft.id) ||
    settings.reads === 'lease' ||
    settings.deliberateBug === 'reads-without-quorum'
  if (isTrusted) return answerRead(raft, read, log.committed)
  // 2. Note the commit index. 3. Ask a quorum whether this is still the leader.
  raft.reads.start(read, log.committed)
  broadcastHeartbeat(raft)
}

function answerRead(raft: Raft, { from, request }: ReadRequest, index: LogIndex): void {
  if (from === raft.id) raft.readStates.push({ request, index })
  else
    raft.send({
      type: 'readIndexResponse',
      from: raft.id,
      to: from,
      term: raft.term,
      request,
      index,
    })
}

/** Section 3.10: bring the target's log up to date, then tell it to start an election at once. */
function handleTransferLeader(raft: Raft, { transferee }: TransferLeaderMessage): void {
  const progress = raft.tracker.progress.get(transferee)
  if (!progress || progress.isLearner) return
  if (transferee === raft.id || transferee === raft.transferee) return
  // It must be done within an election timeout; see tickLeader.
  raft.electionElapsed = 0
  raft.transferee = transferee
  if (!maybeSendTimeoutNow(raft, transferee)) sendAppend(raft, transferee, true)
}

function maybeSendTimeoutNow(raft: Raft, to: NodeId): boolean {
  if (raft.tracker.progress.get(to)!.match !== raft.log.lastIndex()) return false
  raft.send({ type: 'timeoutNow', from: raft.id, to, term: raft.term })
  return true
}
