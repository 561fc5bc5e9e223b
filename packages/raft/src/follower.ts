import { assert } from '@kemu/base'
import { campaign } from './election.ts'
import type {
  AppendMessage,
  CommitMessage,
  HeartbeatMessage,
  Message,
  SnapshotMessage,
} from './message.ts'
import { restoreConfig } from './confchange/restore.ts'
import type { Raft } from './raft.ts'
import { nobody } from './types.ts'
import type { LogIndex, NodeId, Snapshot } from './types.ts'

/** What a follower does with a message of its own term. */
export function stepFollower(raft: Raft, message: Message): void {
  switch (message.type) {
    case 'append':
      hearLeader(raft, message.from)
      return handleAppend(raft, message)
    case 'commit':
      hearLeader(raft, message.from)
      return handleCommit(raft, message)
    case 'heartbeat':
      hearLeader(raft, message.from)
      return handleHeartbeat(raft, message)
    case 'snapshot':
      hearLeader(raft, message.from)
      return handleSnapshot(raft, message)
    case 'timeoutNow':
      // The leader vouches for this log and wants to go: no rehearsal, no waiting (section 3.10).
      return campaign(raft, 'transfer')
    case 'propose':
    case 'readIndex':
    case 'transferLeader':
      return forward(raft, message)
    case 'readIndexResponse':
      raft.readStates.push({ request: message.request, index: message.index })
      return
    case 'vote':
    case 'preVote':
      return assert(false, 'vote requests are answered by every role alike')
    // Answers to what this server asked in a role that is over.
    case 'appendResponse':
    case 'heartbeatResponse':
    case 'voteResponse':
    case 'preVoteResponse':
      return
  }
}

function hearLeader(raft: Raft, leader: string): void {
  raft.electionElapsed = 0
  raft.leader = leader
}

/** AppendEntries at the receiver (section 3.5). */
function handleAppend(raft: Raft, message: AppendMessage): void {
  const { log } = raft
  // Late: all of it is committed here already.
  if (message.prevIndex < log.committed) return accept(raft, message.from, log.committed)
  const lastIndex = appendEntries(raft, message)
  if (lastIndex === undefined) return refuse(raft, message)
  // What follows lastIndex here may still differ from the leader's log, so it is not committed by this message.
  log.commitTo(Math.min(message.commit, lastIndex))
  accept(raft, message.from, lastIndex)
}

/** This log agrees with the leader's up to `index`. */
function accept(raft: Raft, to: NodeId, index: LogIndex): void {
  raft.send({
    type: 'appendResponse',
    from: raft.id,
    to,
    term: raft.term,
    reject: false,
    index,
    hintIndex: 0,
    hintTerm: 0,
  })
}

/** The entry before does not fit: says where the logs may still agree (section 3.5). */
function refuse(raft: Raft, { from, prevIndex, prevTerm }: AppendMessage | CommitMessage): void {
  const hint = raft.log.findConflict(prevIndex, prevTerm)
  raft.send({
    type: 'appendResponse',
    from: raft.id,
    to: from,
    term: raft.term,
    reject: true,
    index: prevIndex,
    hintIndex: hint.index,
    hintTerm: hint.term,
  })
}

function handleCommit(raft: Raft, message: CommitMessage): void {
  const { prevIndex, prevTerm, commit } = message
  // Late, as with an append.
  if (prevIndex < raft.log.committed) return
  if (!raft.log.matches(prevIndex, prevTerm)) return refuse(raft, message)
  raft.log.commitTo(Math.min(commit, prevIndex))
}

function appendEntries(raft: Raft, message: AppendMessage): LogIndex | undefined {
  const { log, settings } = raft
  const { prevIndex, prevTerm, entries } = message
  if (settings.deliberateBug === 'skips-consistency-check' && entries.length > 0) {
    if (prevIndex > log.lastIndex()) return undefined
    return log.append(entries)
  }
  if (settings.deliberateBug === 'truncates-always' && log.matches(prevIndex, prevTerm)) {
    if (entries.length > 0) log.append(entries)
    return prevIndex + entries.length
  }
  return log.maybeAppend(prevIndex, prevTerm, entries)
}

/** The leader never names a commit index that it does not know to be in this log. */
function handleHeartbeat(raft: Raft, message: HeartbeatMessage): void {
  raft.log.commitTo(message.commit)
  raft.send({
    type: 'heartbeatResponse',
    from: raft.id,
    to: message.from,
    term: raft.term,
    readRound: message.readRound,
  })
}

/** InstallSnapshot at the receiver (section 5): tells the leader from where to go on. */
function handleSnapshot(raft: Raft, { from, snapshot }: SnapshotMessage): void {
  const { index } = snapshot.metadata
  accept(raft, from, restore(raft, snapshot) ? index : raft.log.committed)
}

/**
 * False when the snapshot brings nothing new. It may be older than the change that made this server a member; then the
 * log after it says so.
 */
function restore(raft: Raft, snapshot: Snapshot): boolean {
  const { index, term, confState } = snapshot.metadata
  if (index <= raft.log.committed) return false
  if (raft.log.matches(index, term)) {
    // The log has all of it: only the commit index is news.
    raft.log.commitTo(index)
    return false
  }
  raft.log.restore(snapshot)
  raft.tracker.switchTo(restoreConfig(confState), raft.log.lastIndex() + 1)
  return true
}

function forward(
  raft: Raft,
  message: Extract<Message, { type: 'propose' | 'readIndex' | 'transferLeader' }>,
): void {
  // Lost without a leader, as on any bad wire: the host's client waits and asks again.
  if (raft.leader === nobody) return
  // A request that was passed on once already goes back to nobody: two servers with old news would play ball.
  if (message.from !== raft.id) return
  raft.send({ ...message, to: raft.leader })
}
