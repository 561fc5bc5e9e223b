import type { LogIndex } from '../types.ts'
import { Inflights } from './inflights.ts'

/**
 * How the leader feeds one follower:
 * - `probe`: it does not know where the follower's log ends; one message at a time finds out;
 * - `replicate`: it does, and sends ahead of the acknowledgements (section 10.2.2);
 * - `snapshot`: the follower needs entries that are compacted; nothing is sent until the snapshot is there.
 *
 *        probe --accepted--> replicate --rejected or lost--> probe
 *        probe, replicate --entries compacted--> snapshot --stored or failed--> probe
 */
export type ProgressState = 'probe' | 'replicate' | 'snapshot'

/** What the leader knows of one follower's log (`nextIndex` and `matchIndex` of figure 3.1). */
export class Progress {
  state: ProgressState = 'probe'
  /** The highest index known to be on the follower's disk. match < next */
  match: LogIndex
  /** The next entry to send. */
  next: LogIndex
  /** In state `snapshot`: the index of the snapshot under way. */
  pendingSnapshot: LogIndex = 0
  /** In state `probe`: a message is under way and its answer, or a heartbeat's, must come first. */
  probeSent = false
  /** Heard from since the last check of the quorum (section 6.2: a leader without a quorum steps down). */
  recentActive = false
  isLearner: boolean
  readonly inflights: Inflights

  constructor(match: LogIndex, next: LogIndex, inflights: Inflights, isLearner: boolean) {
    this.match = match
    this.next = next
    this.inflights = inflights
    this.isLearner = isLearner
  }

  becomeProbe(): void {
    // After a snapshot the follower has at least its index, if the snapshot arrived; the probe finds out.
    const next = this.state === 'snapshot' ? this.pendingSnapshot + 1 : 0
    this.#resetTo('probe')
    this.next = Math.max(this.match + 1, next)
  }

  becomeReplicate(): void {
    this.#resetTo('replicate')
    this.next = this.match + 1
  }

  becomeSnapshot(index: LogIndex): void {
    this.#resetTo('snapshot')
    this.pendingSnapshot = index
    this.next = index + 1
  }

  /** An append with `count` entries from `next` on was sent. */
  sentEntries(count: number, bytes: number): void {
    if (this.state === 'replicate') {
      if (count === 0) return
      this.next += count
      this.inflights.add(this.next - 1, bytes)
    } else if (this.state === 'probe') this.probeSent = true
  }

  /** The follower acknowledged up to `index`; false when that is old news. */
  maybeUpdate(index: LogIndex): boolean {
    this.next = Math.max(this.next, index + 1)
    if (index <= this.match) return false
    this.match = index
    this.probeSent = false
    return true
  }

  /**
   * The follower refused an append after `rejected`; `hint` is where its log may agree with ours. False when the answer
   * is stale: it speaks of a message that newer news has overtaken.
   */
  maybeDecreaseTo(rejected: LogIndex, hint: LogIndex): boolean {
    if (this.state === 'replicate') {
      if (rejected <= this.match) return false
      this.next = this.match + 1
      return true
    }
    if (this.next - 1 !== rejected) return false
    this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1)
    this.probeSent = false
    return true
  }

  /** Nothing more may be sent for now. */
  isPaused(): boolean {
    switch (this.state) {
      case 'probe':
        return this.probeSent
      case 'replicate':
        return this.inflights.isFull()
      case 'snapshot':
        return true
    }
  }

  #resetTo(state: ProgressState): void {
    this.state = state
    this.probeSent = false
    this.pendingSnapshot = 0
    this.inflights.reset()
  }
}
