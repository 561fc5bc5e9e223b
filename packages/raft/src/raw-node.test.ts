import t from 'tap'
import { seededRandom } from '@kemu/base'
import { MemoryStorage } from './log/memory-storage.ts'
import { RawNode } from './raw-node.ts'
import type { Ready } from './ready.ts'
import { confStateOf } from './types.ts'
import type { Entry } from './types.ts'

function follower() {
  const storage = new MemoryStorage(confStateOf(['a', 'b', 'c', 'd', 'f']))
  const random = seededRandom(1)
  const node = new RawNode({ id: 'f', storage, random, electionTicks: 10, heartbeatTicks: 1 })
  const append = (from: string, term: number, entryTerms: number[]): void =>
    node.step({
      type: 'append',
      from,
      to: 'f',
      term,
      prevIndex: 0,
      prevTerm: 0,
      entries: entryTerms.map((entryTerm, i) => entry(i + 1, entryTerm)),
      commit: 0,
    })
  /** The disk has written it, as a host says so. */
  const persist = (ready: Ready): void => {
    storage.append(ready.entries)
    if (ready.hardState) storage.setHardState(ready.hardState)
    node.persisted(ready)
  }
  return { node, storage, append, persist }
}

function entry(index: number, term: number): Entry {
  return { index, term, type: 'normal', data: Buffer.from(`${index}/${term}`) }
}

const termsOf = (entries: readonly Entry[]): number[] => entries.map(({ term }) => term)

t.test('an entry that two leaders replaced and put back is written again', (t) => {
  const { node, storage, append, persist } = follower()
  append('a', 1, [1])
  const first = node.ready()
  append('b', 2, [2])
  const second = node.ready()
  append('a', 3, [1, 3])
  persist(first)
  const third = node.ready()
  t.same(termsOf(third.entries), [1, 3], 'the second write is about to take the first away')
  persist(second)
  persist(third)
  t.same(termsOf(storage.entries(1, 3, Infinity)), [1, 3])
  t.same([node.termAt(1), node.termAt(2)], [1, 3])
  t.end()
})

t.test('what an earlier term wrote counts once the Ready of the later term is on disk', (t) => {
  const { node, append, persist } = follower()
  append('a', 1, [1])
  const first = node.ready()
  node.step({ type: 'heartbeat', from: 'b', to: 'f', term: 2, commit: 0, readRound: 0 })
  const second = node.ready()
  t.same(termsOf(second.entries), [], 'nothing is written twice')
  persist(first)
  persist(second)
  node.step({ type: 'heartbeat', from: 'b', to: 'f', term: 2, commit: 1, readRound: 0 })
  t.same(termsOf(node.ready().committedEntries), [1], 'it is on disk, so it may be applied')
  t.end()
})
