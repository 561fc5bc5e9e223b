import { assert } from '@kemu/base'
import type { Entry, LogIndex, Snapshot, Term } from '../types.ts'
import { limitBytes } from './storage.ts'
import type { Storage } from './storage.ts'
import { Unstable } from './unstable.ts'

/** The whole log of a server: what its host has stored, then what it has not stored yet. */
export class RaftLog {
  readonly storage: Storage
  readonly unstable: Unstable
  /** The highest index known to be on a quorum's disks (section 3.5). Only grows. */
  committed: LogIndex
  /** The highest index handed to the host to apply. applied <= applying <= committed */
  applying: LogIndex
  /** The highest index that the host has applied. */
  applied: LogIndex

  constructor(storage: Storage, applied: LogIndex) {
    this.storage = storage
    this.unstable = new Unstable(storage.lastIndex() + 1)
    const compacted = storage.firstIndex() - 1
    this.committed = compacted
    this.applying = Math.max(compacted, applied)
    this.applied = this.applying
  }

  firstIndex(): LogIndex {
    const snapshot = this.unstable.snapshot
    return snapshot ? snapshot.metadata.index + 1 : this.storage.firstIndex()
  }

  lastIndex(): LogIndex {
    return this.unstable.lastIndex() ?? this.storage.lastIndex()
  }

  lastTerm(): Term {
    const term = this.term(this.lastIndex())
    assert(term !== undefined, 'the last entry has a term')
    return term
  }

  /** Undefined for what is compacted and for what is not there yet. */
  term(index: LogIndex): Term | undefined {
    const term = this.unstable.term(index)
    if (term !== undefined) return term
    if (index >= this.unstable.offset || this.unstable.snapshot) return undefined
    return this.storage.term(index)
  }

  /** The consistency check of AppendEntries: is this entry in our log? (section 3.5) */
  matches(index: LogIndex, term: Term): boolean {
    return this.term(index) === term
  }

  /** The election restriction: is a log that ends there at least as complete as ours? (section 3.6.1) */
  isUpToDate(lastIndex: LogIndex, lastTerm: Term): boolean {
    const ours = this.lastTerm()
    return lastTerm > ours || (lastTerm === ours && lastIndex >= this.lastIndex())
  }

  /**
   * A follower's half of AppendEntries (section 3.5): refuses when the entry before is missing, else makes the log
   * agree and returns the last index that now does. Entries that agree already are not touched: a late message must
   * not cut off what came after it.
   */
  maybeAppend(
    prevIndex: LogIndex,
    prevTerm: Term,
    entries: readonly Entry[],
  ): LogIndex | undefined {
    if (!this.matches(prevIndex, prevTerm)) return undefined
    const conflict = entries.findIndex((entry) => !this.matches(entry.index, entry.term))
    if (conflict >= 0) {
      const at = entries[conflict]!.index
      assert(at > this.committed, `entry ${at} conflicts with a committed one`)
      this.append(conflict === 0 ? entries : entries.slice(conflict))
    }
    return prevIndex + entries.length
  }

  append(entries: readonly Entry[]): LogIndex {
    if (entries.length > 0) {
      assert(entries[0]!.index > this.committed, 'a committed entry is not replaced')
      this.unstable.append(entries)
    }
    return this.lastIndex()
  }

  /**
   * The highest index up to `index` whose term is not above `term`, and that term: the place to try next after two
   * logs did not fit, skipping whole terms instead of one entry at a time (section 3.5, end).
   */
  findConflict(index: LogIndex, term: Term): { index: LogIndex; term: Term } {
    for (let i = Math.min(index, this.lastIndex()); i > 0; i--) {
      const ours = this.term(i)
      if (ours === undefined) return { index: i, term: 0 }
      if (ours <= term) return { index: i, term: ours }
    }
    return { index: 0, term: 0 }
  }

  /** Entries from `low` on, up to `maxBytes`; undefined when they are compacted and only a snapshot can help. */
  entriesFrom(low: LogIndex, maxBytes: number): Entry[] | undefined {
    if (low > this.lastIndex()) return []
    return this.slice(low, this.lastIndex() + 1, maxBytes)
  }

  slice(low: LogIndex, high: LogIndex, maxBytes: number): Entry[] | undefined {
    if (low < this.firstIndex()) return undefined
    if (low >= high) return []
    const offset = this.unstable.offset
    if (low >= offset) return limitBytes(this.unstable.slice(low, high), maxBytes)
    const end = Math.min(high, offset)
    const stored = this.storage.entries(low, end, maxBytes)
    if (high <= offset || stored.length < end - low) return stored
    return limitBytes([...stored, ...this.unstable.slice(offset, high)], maxBytes)
  }

  commitTo(index: LogIndex): void {
    if (index <= this.committed) return
    assert(index <= this.lastIndex(), `commit ${index} is past the end ${this.lastIndex()}`)
    this.committed = index
  }

  /** Committed entries to apply next: only those on our own disk, so that the state is never ahead of the log. */
  nextCommittedEntries(maxBytes: number): Entry[] {
    const end = this.applicableIndex()
    if (end <= this.applying || this.unstable.snapshot) return []
    return this.slice(this.applying + 1, end + 1, maxBytes) ?? []
  }

  hasCommittedEntries(): boolean {
    return !this.unstable.snapshot && this.applicableIndex() > this.applying
  }

  acceptApplying(index: LogIndex): void {
    assert(index >= this.applying && index <= this.committed, `cannot apply up to ${index}`)
    this.applying = index
  }

  appliedTo(index: LogIndex): void {
    assert(index <= this.committed, `applied ${index} is past the commit ${this.committed}`)
    assert(index >= this.applied, `applied goes back to ${index} from ${this.applied}`)
    this.applied = index
    this.applying = Math.max(this.applying, index)
  }

  restore(snapshot: Snapshot): void {
    this.committed = snapshot.metadata.index
    this.unstable.restore(snapshot)
  }

  private applicableIndex(): LogIndex {
    return Math.min(this.committed, this.unstable.offset - 1)
  }
}
