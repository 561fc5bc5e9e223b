import { assert } from '@kemu/base'
import { confStateOf, emptyHardState } from '../types.ts'
import type { ConfState, Entry, HardState, LogIndex, Snapshot, Term } from '../types.ts'
import { limitBytes } from './storage.ts'
import type { Storage } from './storage.ts'

/**
 * The log in memory. A host with a disk keeps one beside its write-ahead log: it writes there first, then here, so that
 * raft never reads what a crash could take back.
 */
export class MemoryStorage implements Storage {
  #hardState: HardState = emptyHardState
  #snapshot: Snapshot
  /** Entries after the compaction point. */
  #entries: Entry[] = []
  /** The index and term just before the first entry; the snapshot may stand further on. */
  #compacted: { index: LogIndex; term: Term } = { index: 0, term: 0 }

  constructor(confState: ConfState = confStateOf([])) {
    this.#snapshot = { metadata: { index: 0, term: 0, confState }, data: new Uint8Array() }
  }

  initialState(): { hardState: HardState; confState: ConfState } {
    return { hardState: this.#hardState, confState: this.#snapshot.metadata.confState }
  }

  firstIndex(): LogIndex {
    return this.#compacted.index + 1
  }

  lastIndex(): LogIndex {
    return this.#compacted.index + this.#entries.length
  }

  term(index: LogIndex): Term | undefined {
    if (index === this.#compacted.index) return this.#compacted.term
    return this.#entries[index - this.#compacted.index - 1]?.term
  }

  entries(low: LogIndex, high: LogIndex, maxBytes: number): Entry[] {
    const offset = this.#compacted.index + 1
    assert(low >= offset && high <= this.lastIndex() + 1, `log range [${low}, ${high}) is not here`)
    return limitBytes(this.#entries.slice(low - offset, high - offset), maxBytes)
  }

  snapshot(): Snapshot | undefined {
    return this.#snapshot
  }

  setHardState(hardState: HardState): void {
    this.#hardState = hardState
  }

  /** Adds entries; where they overlap with what is here, they replace it and all that follows (section 3.5). */
  append(entries: readonly Entry[]): void {
    const first = entries[0]
    if (!first) return
    assert(first.index <= this.lastIndex() + 1, `gap in the log before index ${first.index}`)
    const skip = this.firstIndex() - first.index
    if (skip >= entries.length) return
    const kept = skip > 0 ? entries.slice(skip) : entries
    const keep = kept[0]!.index - this.firstIndex()
    if (keep < this.#entries.length) this.#entries.length = keep
    for (const entry of kept) this.#entries.push(entry)
  }

  /** Records the state machine at `index` for followers that are too far behind; keeps the log. */
  createSnapshot(index: LogIndex, confState: ConfState, data: Uint8Array): Snapshot {
    const term = this.term(index)
    assert(term !== undefined, `no entry ${index} to make a snapshot at`)
    assert(index >= this.#snapshot.metadata.index, 'a snapshot does not go back')
    this.#snapshot = { metadata: { index, term, confState }, data }
    return this.#snapshot
  }

  /** Forgets the entries up to and with `index`; one that is forgotten already changes nothing. */
  compact(index: LogIndex): void {
    if (index <= this.#compacted.index) return
    const term = this.term(index)
    assert(term !== undefined, `cannot compact to ${index}: the log ends at ${this.lastIndex()}`)
    this.#entries.splice(0, index - this.#compacted.index)
    this.#compacted = { index, term }
  }

  /** Replaces everything by a snapshot that came from the leader. */
  applySnapshot(snapshot: Snapshot): void {
    this.#snapshot = snapshot
    this.#entries = []
    this.#compacted = { index: snapshot.metadata.index, term: snapshot.metadata.term }
  }
}
