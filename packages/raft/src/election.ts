import { takeLeadership } from './leader.ts'
import type { VoteRequest, VoteResponse } from './message.ts'
import { allVoters } from './quorum/joint.ts'
import type { Raft } from './raft.ts'
import { nobody } from './types.ts'

/** `preElection` only asks; `transfer` is an election that the leader wished (section 3.10). */
export type Campaign = 'preElection' | 'election' | 'transfer'

/** A server that has heard no leader for its election timeout stands for election (section 3.4). */
export function tickElection(raft: Raft): void {
  raft.electionElapsed += 1
  if (raft.electionElapsed < raft.electionTimeout || !raft.isPromotable()) return
  raft.electionElapsed = 0
  startElection(raft)
}

export function startElection(raft: Raft): void {
  campaign(raft, raft.settings.preVote ? 'preElection' : 'election')
}

/** Asks every voter, itself included: its own vote too counts only when it is on disk (section 3.8). */
export function campaign(raft: Raft, kind: Campaign): void {
  if (raft.role === 'leader' || !raft.isPromotable() || hasUnappliedConfChange(raft)) return
  const isRehearsal = kind === 'preElection'
  if (isRehearsal) raft.becomePreCandidate()
  else raft.becomeCandidate()
  const term = isRehearsal ? raft.term + 1 : raft.term
  const type = isRehearsal ? 'preVote' : 'vote'
  const lastIndex = raft.log.lastIndex()
  const lastTerm = raft.log.lastTerm()
  const transfer = kind === 'transfer'
  for (const to of allVoters(raft.tracker.config.voters)) {
    const envelope = { from: raft.id, to, term }
    if (to === raft.id) raft.send({ type: `${type}Response`, ...envelope, reject: false })
    else raft.send({ type, ...envelope, lastIndex, lastTerm, transfer })
  }
}

/** What a server answers to a candidate (sections 3.4 and 3.6.1). */
export function handleVoteRequest(raft: Raft, request: VoteRequest): void {
  const isReal = request.type === 'vote'
  const grant = mayVote(raft, request) && isLogAcceptable(raft, request)
  raft.send({
    type: isReal ? 'voteResponse' : 'preVoteResponse',
    from: raft.id,
    to: request.from,
    // A granted pre-vote names the term that was asked for, which this server has not entered.
    term: grant ? request.term : raft.term,
    reject: !grant,
  })
  if (grant && isReal) {
    raft.electionElapsed = 0
    raft.vote = request.from
  }
}

/** Collects the answers; the role changes when the outcome is certain. */
export function handleVoteResponse(raft: Raft, response: VoteResponse): void {
  raft.tracker.recordVote(response.from, !response.reject)
  switch (raft.tracker.voteResult()) {
    case 'won':
      if (raft.role === 'preCandidate') campaign(raft, 'election')
      else takeLeadership(raft)
      break
    case 'lost':
      raft.becomeFollower(raft.term, nobody)
      break
    case 'pending':
      break
  }
}

/** First come, first served: one vote in a term, also across restarts (section 3.4). */
function mayVote(raft: Raft, { type, from, term }: VoteRequest): boolean {
  if (raft.settings.deliberateBug === 'votes-twice' && type === 'vote') return true
  const isFree = raft.vote === nobody && raft.leader === nobody
  return raft.vote === from || isFree || (type === 'preVote' && term > raft.term)
}

/** The election restriction: a leader must have all that is committed (section 3.6.1). */
function isLogAcceptable(raft: Raft, { lastIndex, lastTerm }: VoteRequest): boolean {
  if (raft.settings.deliberateBug === 'ignores-log-in-votes') return true
  return raft.log.isUpToDate(lastIndex, lastTerm)
}

/** A committed change that is not applied yet may make this server a stranger; it must know before it campaigns. */
function hasUnappliedConfChange(raft: Raft): boolean {
  const { log } = raft
  for (let low = log.applied + 1; low <= log.committed;) {
    const entries = log.slice(low, log.committed + 1, 1 << 20) ?? []
    if (entries.some(({ type }) => type === 'confChange')) return true
    low += Math.max(1, entries.length)
  }
  return false
}
