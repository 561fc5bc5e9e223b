import type { ConfState, Entry, HardState, LogIndex, Snapshot, Term } from '../types.ts'

/**
 * The part of the log that the host has on disk, as raft reads it. Raft never writes: it hands out a Ready and reads
 * here what the host has stored of it. Contract suite: `storage.contract.ts`.
 */
export interface Storage {
  /** What was saved before the start: read once. */
  initialState(): { readonly hardState: HardState; readonly confState: ConfState }
  /** The first entry that can still be read; one past the snapshot that stands for those before it. */
  firstIndex(): LogIndex
  /** The last entry, or the snapshot's index when there is none. `firstIndex() - 1` when empty. */
  lastIndex(): LogIndex
  /** The term of an entry from `firstIndex() - 1` to `lastIndex()`; undefined outside (compacted or not there yet). */
  term(index: LogIndex): Term | undefined
  /**
   * Entries from `low` (at least `firstIndex()`) up to but without `high` (at most `lastIndex() + 1`), cut so that
   * their data is within `maxBytes`, but at least one.
   */
  entries(low: LogIndex, high: LogIndex, maxBytes: number): Entry[]
  /** A snapshot for a follower that is too far behind; undefined when none can be made now, ask again later. */
  snapshot(): Snapshot | undefined
}

/** The longest beginning of `entries` whose data is within `maxBytes`, but at least one. */
export function limitBytes(entries: Entry[], maxBytes: number): Entry[] {
  let bytes = 0
  for (let i = 0; i < entries.length; i++) {
    bytes += entries[i]!.data.length
    if (bytes > maxBytes && i > 0) return entries.slice(0, i)
  }
  return entries
}
