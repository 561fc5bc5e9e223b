import { assert } from '@kemu/base'
import { campaign, handleVoteResponse } from './election.ts'
import { stepFollower } from './follower.ts'
import type { Message } from './message.ts'
import type { Raft } from './raft.ts'

/** What a candidate, or one in rehearsal, does with a message of its own term (section 3.4). */
export function stepCandidate(raft: Raft, message: Message): void {
  switch (message.type) {
    case 'append':
    case 'commit':
    case 'heartbeat':
    case 'snapshot':
      // Somebody else has won this term.
      raft.becomeFollower(message.term, message.from)
      return stepFollower(raft, message)
    case 'voteResponse':
      if (raft.role === 'candidate') handleVoteResponse(raft, message)
      return
    case 'preVoteResponse':
      if (raft.role === 'preCandidate') handleVoteResponse(raft, message)
      return
    case 'timeoutNow':
      if (raft.role === 'preCandidate') campaign(raft, 'transfer')
      return
    case 'vote':
    case 'preVote':
      return assert(false, 'vote requests are answered by every role alike')
    // Without a leader there is nobody to pass a request to; a leader's mail is for a role that is over.
    case 'propose':
    case 'readIndex':
    case 'transferLeader':
    case 'readIndexResponse':
    case 'appendResponse':
    case 'heartbeatResponse':
      return
  }
}
