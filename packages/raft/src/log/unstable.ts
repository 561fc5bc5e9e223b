import { assert } from '@kemu/base'
import type { Entry, LogIndex, Snapshot, Term } from '../types.ts'

/**
 * The end of the log that is not on disk yet, and perhaps a snapshot before it. Three stretches:
 * on disk `< offset <=` being written `< offsetInProgress <=` not handed to the host yet.
 */
export class Unstable {
  /** A snapshot from the leader that the host has not stored yet. */
  snapshot: Snapshot | undefined
  snapshotInProgress = false
  entries: Entry[] = []
  /** The index of `entries[0]`. */
  offset: LogIndex
  /** offset <= offsetInProgress <= offset + entries.length */
  offsetInProgress: LogIndex

  constructor(offset: LogIndex) {
    this.offset = offset
    this.offsetInProgress = offset
  }

  lastIndex(): LogIndex | undefined {
    if (this.entries.length > 0) return this.offset + this.entries.length - 1
    return this.snapshot?.metadata.index
  }

  term(index: LogIndex): Term | undefined {
    if (index >= this.offset) return this.entries[index - this.offset]?.term
    if (this.snapshot?.metadata.index === index) return this.snapshot.metadata.term
    return undefined
  }

  slice(low: LogIndex, high: LogIndex): Entry[] {
    return this.entries.slice(low - this.offset, high - this.offset)
  }

  nextEntries(): Entry[] {
    return this.offsetInProgress === this.offset + this.entries.length
      ? []
      : this.entries.slice(this.offsetInProgress - this.offset)
  }

  nextSnapshot(): Snapshot | undefined {
    return this.snapshotInProgress ? undefined : this.snapshot
  }

  /** The host has taken all of it to write. */
  accept(): void {
    this.offsetInProgress = this.offset + this.entries.length
    if (this.snapshot) this.snapshotInProgress = true
  }

  /**
   * The host has written up to here. While it wrote, a newer leader may have replaced these entries: then the term
   * differs and nothing is stable.
   */
  stableTo(index: LogIndex, term: Term): void {
    if (index < this.offset || this.term(index) !== term) return
    this.entries = this.entries.slice(index + 1 - this.offset)
    this.offset = index + 1
    this.offsetInProgress = Math.max(this.offsetInProgress, this.offset)
  }

  stableSnapshotTo(index: LogIndex): void {
    if (this.snapshot?.metadata.index !== index) return
    this.snapshot = undefined
    this.snapshotInProgress = false
  }

  /** Starts anew after a snapshot. */
  restore(snapshot: Snapshot): void {
    this.offset = snapshot.metadata.index + 1
    this.offsetInProgress = this.offset
    this.entries = []
    this.snapshot = snapshot
    this.snapshotInProgress = false
  }

  /** Adds entries and drops those they replace; what is being written and is replaced must be written again. */
  append(entries: readonly Entry[]): void {
    const from = entries[0]!.index
    assert(from <= this.offset + this.entries.length, `gap in the log before index ${from}`)
    if (from <= this.offset) {
      this.entries = [...entries]
      this.offset = from
      this.offsetInProgress = from
      return
    }
    const keep = from - this.offset
    if (keep < this.entries.length) this.entries.length = keep
    for (const entry of entries) this.entries.push(entry)
    this.offsetInProgress = Math.min(this.offsetInProgress, from)
  }
}
