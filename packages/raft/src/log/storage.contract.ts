import t from 'tap'
import type { Entry, HardState, Snapshot } from '../types.ts'
import type { Storage } from './storage.ts'

/** A storage with the means to fill it, as its host has them. */
export interface WritableStorage extends Storage {
  append(entries: readonly Entry[]): void
  setHardState(hardState: HardState): void
  applySnapshot(snapshot: Snapshot): void
  compact(index: number): void
}

function entry(index: number, term: number): Entry {
  return { index, term, type: 'normal', data: Buffer.alloc(10) }
}

/** What every Storage must do; a host runs it on its own. */
export function storageContract(name: string, create: () => WritableStorage): void {
  const filled = (): WritableStorage => {
    const storage = create()
    storage.append([entry(1, 1), entry(2, 1), entry(3, 2), entry(4, 2)])
    return storage
  }

  t.test(`${name}: an empty log ends before its beginning`, (t) => {
    const storage = create()
    t.equal(storage.firstIndex(), 1)
    t.equal(storage.lastIndex(), 0)
    t.equal(storage.term(0), 0)
    t.equal(storage.term(1), undefined)
    t.end()
  })

  t.test(`${name}: entries are limited by bytes, but one always comes`, (t) => {
    const storage = filled()
    t.equal(storage.entries(1, 5, 25).length, 2)
    t.equal(storage.entries(1, 5, 0).length, 1)
    t.equal(storage.entries(2, 4, 1000).length, 2)
    t.end()
  })

  t.test(`${name}: an overlapping append replaces and cuts`, (t) => {
    const storage = filled()
    storage.append([entry(3, 3)])
    t.equal(storage.lastIndex(), 3)
    t.equal(storage.term(3), 3)
    t.end()
  })

  t.test(`${name}: a compacted log keeps the term before its first entry`, (t) => {
    const storage = filled()
    storage.compact(3)
    t.equal(storage.firstIndex(), 4)
    t.equal(storage.term(3), 2)
    t.equal(storage.term(2), undefined)
    storage.compact(1)
    t.equal(storage.firstIndex(), 4, 'compacting what is gone changes nothing')
    t.end()
  })

  t.test(`${name}: a snapshot from the leader replaces everything`, (t) => {
    const storage = filled()
    const confState = {
      voters: ['a'],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    }
    storage.applySnapshot({
      metadata: { index: 9, term: 4, confState },
      data: new Uint8Array(),
    })
    t.equal(storage.firstIndex(), 10)
    t.equal(storage.lastIndex(), 9)
    t.equal(storage.term(9), 4)
    t.same(storage.initialState().confState, confState)
    t.end()
  })

  t.test(`${name}: the hard state is what was set last`, (t) => {
    const storage = filled()
    storage.setHardState({ term: 5, vote: 'b', commit: 2 })
    t.same(storage.initialState().hardState, { term: 5, vote: 'b', commit: 2 })
    t.end()
  })
}
