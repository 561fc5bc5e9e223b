import { MemoryStorage } from '@kemu/raft'
import type { ConfState, Entry, HardState, Snapshot, SnapshotMetadata, Storage } from '@kemu/raft'
import type { WalSave } from '@kemu/rpc/raft-codec'
import { DataDirError } from '../wal/errors.ts'
import { confStateFrom, entryFrom } from './raft-codec.ts'

/**
 * The part of the log that is on disk, as raft reads it. A snapshot for a follower is always of the present state: the
 * store can be read at any moment, so none is kept for that.
 */
export class LogStorage implements Storage {
  readonly #memory: MemoryStorage
  readonly #present: () => SnapshotMetadata

  constructor(memory: MemoryStorage, present: () => SnapshotMetadata) {
    this.#memory = memory
    this.#present = present
  }

  initialState(): { hardState: HardState; confState: ConfState } {
    return this.#memory.initialState()
  }

  firstIndex(): number {
    return this.#memory.firstIndex()
  }

  lastIndex(): number {
    return this.#memory.lastIndex()
  }

  term(index: number): number | undefined {
    return this.#memory.term(index)
  }

  entries(low: number, high: number, maxBytes: number): Entry[] {
    return this.#memory.entries(low, high, maxBytes)
  }

  snapshot(): Snapshot {
    return { metadata: this.#present(), data: new Uint8Array() }
  }

  append(entries: readonly Entry[]): void {
    this.#memory.append(entries)
  }

  setHardState(hardState: HardState): void {
    this.#memory.setHardState(hardState)
  }

  applySnapshot(snapshot: Snapshot): void {
    this.#memory.applySnapshot(snapshot)
  }

  /** Keeps up to `keepEntries` with up to `keepBytes` before `applied`, for followers that are a little behind. */
  trim(applied: number, keepEntries: number, keepBytes: number): void {
    const first = this.#memory.firstIndex()
    let index = Math.max(applied - keepEntries, first - 1)
    let bytes = 0
    const kept = index < applied ? this.#memory.entries(index + 1, applied + 1, Infinity) : []
    for (let i = kept.length - 1; i >= 0; i--) {
      bytes += kept[i]!.data.length
      if (bytes <= keepBytes) continue
      index = kept[i]!.index
      break
    }
    if (index >= first) this.#memory.compact(index)
  }
}

/** What the write-ahead log says of the log after a snapshot; a DataDirError when there is a gap between them. */
export function replaySaves(saves: readonly WalSave[], start: SnapshotMetadata): MemoryStorage {
  let entries: Entry[] = []
  let hardState: HardState = { term: start.term, vote: '', commit: start.index }
  for (const save of saves) {
    // What the leader's snapshot replaced does not belong to the log any more.
    if (save.snapshot?.received) entries = []
    if (save.hardState) hardState = save.hardState
    const first = save.entries[0]
    if (!first) continue
    const base = entries[0]?.index ?? first.index
    // A later leader's entries replace these and all that follow (thesis section 3.5).
    entries.length = Math.max(0, Math.min(entries.length, first.index - base))
    for (const entry of save.entries) entries.push(entryFrom(entry))
  }
  const firstIndex = entries[0]?.index
  if (firstIndex !== undefined && firstIndex > start.index + 1) {
    throw new DataDirError(
      `the write-ahead log begins at entry ${firstIndex}, and the snapshot before it is missing ` +
        `(found: up to ${start.index}). Put the snapshot files back, or remove this member from the cluster ` +
        `and add it again with an empty data directory.`,
    )
  }
  const memory = new MemoryStorage()
  memory.applySnapshot({ metadata: start, data: new Uint8Array() })
  memory.append(entries.filter(({ index }) => index > start.index))
  const commit = Math.min(Math.max(hardState.commit, start.index), memory.lastIndex())
  memory.setHardState({ term: Math.max(hardState.term, start.term), vote: hardState.vote, commit })
  return memory
}

/**
 * The newest snapshot that the log knows of and whose file is there. It need not be the one noted last: a snapshot that
 * was being written when the leader's came is finished later and stands further back.
 */
export function chooseSnapshot(
  saves: readonly WalSave[],
  isThere: (point: { index: number; term: number }) => boolean,
): SnapshotMetadata | undefined {
  const known = saves.flatMap(({ snapshot }) => (snapshot ? [snapshot] : []))
  const newest = known.sort((a, b) => b.index - a.index).find(isThere)
  if (!newest) return undefined
  const { index, term, confState } = newest
  return { index, term, confState: confStateFrom(confState) }
}
