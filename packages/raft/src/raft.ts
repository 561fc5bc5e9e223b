import { assert } from '@kemu/base'
import { restoreConfig } from './confchange/restore.ts'
import type { Settings } from './config.ts'
import { RaftLog } from './log/raft-log.ts'
import { claimsDurableState } from './message.ts'
import type { Message } from './message.ts'
import { ReadIndexRounds } from './read-index.ts'
import type { ReadState } from './read-index.ts'
import { toConfState } from './tracker/config.ts'
import { Tracker } from './tracker/tracker.ts'
import { nobody } from './types.ts'
import type { ConfState, HardState, LogIndex, NodeId, Role, Term } from './types.ts'

/**
 * The state of one server and the ways in which its role and term change. What a message does is decided in `step.ts`
 * and in one file for each role; hosts see all of it through RawNode.
 *
 *                 no leader heard                 a quorum would vote           a quorum voted
 *      follower -----------------> preCandidate --------------------> candidate ---------------> leader
 *          ^                            |                                 |                         |
 *          +----------------------------+---------------------------------+-------------------------+
 *                    a leader of this term is heard, a higher term is seen, or the quorum is lost
 */
export class Raft {
  readonly id: NodeId
  readonly settings: Settings
  readonly log: RaftLog
  readonly tracker: Tracker

  /** Only grows. */
  term: Term = 0
  /** Whom this server voted for in `term`; once given, it stays (section 3.4). */
  vote: NodeId = nobody
  role: Role = 'follower'
  leader: NodeId = nobody

  /** Ticks since the leader was heard; of a leader: since it last checked its quorum. */
  electionElapsed = 0
  heartbeatElapsed = 0
  /** electionTicks <= electionTimeout < 2 * electionTicks, drawn anew in each term (section 3.4). */
  electionTimeout = 0

  /** The server that the leader is handing over to; while there is one, no proposal is taken (section 3.10). */
  transferee: NodeId = nobody
  /** No configuration change is taken before the one at this index is applied (section 4.1). */
  pendingConfIndex: LogIndex = 0
  /** Data of the leader's entries that are not committed yet. */
  uncommittedBytes = 0
  reads = new ReadIndexRounds()

  /** To be sent at once. */
  outbox: Message[] = []
  /** To be sent, or stepped when they are for this server itself, when the present state is on disk. */
  durableOutbox: Message[] = []
  readStates: ReadState[] = []

  constructor(settings: Settings) {
    this.id = settings.id
    this.settings = settings
    const { hardState, confState } = settings.storage.initialState()
    this.log = new RaftLog(settings.storage, settings.applied)
    this.tracker = new Tracker(settings)
    this.tracker.switchTo(restoreConfig(confState), this.log.lastIndex() + 1)
    this.#load(hardState)
    this.becomeFollower(this.term, nobody)
  }

  send(message: Message): void {
    const isDurable = claimsDurableState(message)
    assert(isDurable || message.to !== this.id, `${message.type} to itself`)
    const box = isDurable ? this.durableOutbox : this.outbox
    box.push(message)
  }

  becomeFollower(term: Term, leader: NodeId): void {
    this.#reset(term)
    this.role = 'follower'
    this.leader = leader
  }

  /** The rehearsal spends no term and no vote (section 9.6). */
  becomePreCandidate(): void {
    assert(this.role !== 'leader', 'a leader does not campaign')
    this.role = 'preCandidate'
    this.leader = nobody
    this.tracker.resetVotes()
  }

  becomeCandidate(): void {
    assert(this.role !== 'leader', 'a leader does not campaign')
    this.#reset(this.term + 1)
    this.role = 'candidate'
    this.vote = this.id
  }

  becomeLeader(): void {
    assert(this.role === 'candidate', 'only a candidate becomes leader')
    this.#reset(this.term)
    this.role = 'leader'
    this.leader = this.id
    this.tracker.progress.get(this.id)!.becomeReplicate()
    // The log may hold a change that was not applied here yet; to be safe, wait for all of it (section 4.1).
    this.pendingConfIndex = this.log.lastIndex()
  }

  hardState(): HardState {
    return { term: this.term, vote: this.vote, commit: this.log.committed }
  }

  confState(): ConfState {
    return toConfState(this.tracker.config)
  }

  /** Only a voter whose log is readable may ask for votes. */
  isPromotable(): boolean {
    const progress = this.tracker.progress.get(this.id)
    return progress !== undefined && !progress.isLearner && !this.log.unstable.snapshot
  }

  /** A leader was heard within the shortest election timeout, so an election would only disturb (section 4.2.3). */
  hearsLeader(): boolean {
    const { checkQuorum, electionTicks } = this.settings
    return checkQuorum && this.leader !== nobody && this.electionElapsed < electionTicks
  }

  #reset(term: Term): void {
    assert(term >= this.term, 'terms do not go back')
    if (term !== this.term) {
      this.term = term
      this.vote = nobody
    }
    this.leader = nobody
    this.electionElapsed = 0
    this.heartbeatElapsed = 0
    this.electionTimeout =
      this.settings.electionTicks + this.settings.random.int(this.settings.electionTicks)
    this.transferee = nobody
    this.pendingConfIndex = 0
    this.uncommittedBytes = 0
    this.reads = new ReadIndexRounds()
    this.tracker.resetVotes()
    this.#resetProgress()
  }

  #resetProgress(): void {
    const next = this.log.lastIndex() + 1
    for (const [id, { isLearner }] of this.tracker.progress) {
      // Of itself a server knows what is on its disk.
      const match = id === this.id ? this.log.unstable.offset - 1 : 0
      this.tracker.progress.set(id, this.tracker.newProgress(match, next, isLearner))
    }
  }

  #load({ term, vote, commit }: HardState): void {
    const end = this.log.lastIndex()
    assert(commit <= end, `commit ${commit} is past the end ${end} of the log`)
    // What is applied is committed, even when the last word on the commit index did not reach the disk.
    this.log.committed = Math.max(this.log.committed, this.log.applied, commit)
    this.term = term
    this.vote = vote
  }
}
