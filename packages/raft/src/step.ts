import { stepCandidate } from './candidate.ts'
import { handleVoteRequest, tickElection } from './election.ts'
import { stepFollower } from './follower.ts'
import { stepLeader, tickLeader } from './leader.ts'
import { isFromLeader } from './message.ts'
import type { Message } from './message.ts'
import type { Raft } from './raft.ts'
import { nobody } from './types.ts'

export function tick(raft: Raft): void {
  if (raft.role === 'leader') tickLeader(raft)
  else tickElection(raft)
}

/** Takes one message: first its term decides (section 3.3), then the role of this server. */
export function step(raft: Raft, message: Message): void {
  if (isForwarded(message)) return stepRole(raft, message)
  if (message.term < raft.term) return answerStale(raft, message)
  if (message.term > raft.term && !enterTerm(raft, message)) return
  if (message.type === 'vote' || message.type === 'preVote') return handleVoteRequest(raft, message)
  stepRole(raft, message)
}

/** Requests on behalf of a client belong to no term. */
function isForwarded({ type }: Message): boolean {
  return type === 'propose' || type === 'readIndex' || type === 'transferLeader'
}

function stepRole(raft: Raft, message: Message): void {
  switch (raft.role) {
    case 'follower':
      return stepFollower(raft, message)
    case 'preCandidate':
    case 'candidate':
      return stepCandidate(raft, message)
    case 'leader':
      return stepLeader(raft, message)
  }
}

/** A later term makes this server a follower of it (section 3.3); false when the message is to be ignored. */
function enterTerm(raft: Raft, message: Message): boolean {
  if (message.type === 'vote' || message.type === 'preVote') {
    // Who hears the leader does not help to depose it: a server that was cut off, or removed without knowing it, must
    // not disturb (sections 4.2.3 and 9.6).
    if (!message.transfer && raft.hearsLeader()) return false
  }
  // A pre-vote and its grant name a term that nobody has entered yet.
  if (message.type === 'preVote') return true
  if (message.type === 'preVoteResponse' && !message.reject) return true
  raft.becomeFollower(message.term, isFromLeader(message) ? message.from : nobody)
  return true
}

/**
 * An earlier term is refused (section 3.3). A leader of the past is told the present term: a server whose term ran
 * ahead while it was cut off could otherwise never come back, because nobody answers its vote requests.
 */
function answerStale(raft: Raft, message: Message): void {
  const envelope = { from: raft.id, to: message.from, term: raft.term }
  const { preVote, checkQuorum } = raft.settings
  if (isFromLeader(message) && (preVote || checkQuorum)) {
    const nothing = { index: 0, hintIndex: 0, hintTerm: 0 }
    raft.send({ type: 'appendResponse', ...envelope, reject: false, ...nothing })
  } else if (message.type === 'preVote') {
    raft.send({ type: 'preVoteResponse', ...envelope, reject: true })
  }
}
