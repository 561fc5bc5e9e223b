import { confStateOf } from '@kemu/raft'
import { WalSave } from '@kemu/rpc/raft-codec'
import { decodeMessage, encodeMessage } from '@kemu/rpc/protobuf'
import type { Init } from '@kemu/rpc/protobuf'
import t from 'tap'
import { chooseSnapshot, LogStorage, replaySaves } from './log-storage.ts'

const founded = { index: 1, term: 1, confState: confStateOf(['a']) }

function saves(...list: Init<WalSave>[]): WalSave[] {
  return list.map((save) => decodeMessage(WalSave, encodeMessage(WalSave, save)))
}

function entries(term: number, from: number, to: number): Init<WalSave> {
  const list = Array.from({ length: to - from + 1 }, (_, i) => ({ term, index: from + i }))
  return { entries: list, hardState: { term, vote: 'a', commit: from } }
}

function termsOf(list: WalSave[], start = founded): string {
  const memory = replaySaves(list, start)
  const terms: string[] = []
  for (let index = memory.firstIndex(); index <= memory.lastIndex(); index++) {
    terms.push(`${index}/${memory.term(index)}`)
  }
  return terms.join(' ')
}

t.test('a later leader replaces entries and all after them', (t) => {
  t.equal(termsOf(saves(entries(1, 2, 5), entries(2, 4, 4))), '2/1 3/1 4/2')
  t.end()
})

t.test('entries behind a snapshot of our own stay, also those written before it', (t) => {
  const point = { index: 3, term: 1, confState: confStateOf(['a']) }
  const list = saves(entries(1, 2, 6), { snapshot: point }, entries(1, 7, 7))
  t.same(
    chooseSnapshot(list, () => true),
    point,
  )
  t.equal(termsOf(list, point), '4/1 5/1 6/1 7/1')
  t.end()
})

t.test("entries from before a leader's snapshot do not belong to it", (t) => {
  const point = { index: 9, term: 3, confState: confStateOf(['a']) }
  const list = saves(
    entries(1, 2, 12),
    { snapshot: { ...point, received: true } },
    entries(3, 10, 10),
  )
  t.equal(termsOf(list, point), '10/3')
  t.end()
})

t.test('a snapshot whose file is not there is passed over', (t) => {
  const older = { index: 3, term: 1, confState: confStateOf(['a']) }
  const newer = { index: 6, term: 1, confState: confStateOf(['a']) }
  const list = saves(entries(1, 2, 7), { snapshot: older }, { snapshot: newer })
  t.equal(chooseSnapshot(list, ({ index }) => index === 3)?.index, 3)
  t.equal(
    chooseSnapshot(list, () => false),
    undefined,
  )
  t.end()
})

t.test("an own snapshot that is finished after the leader's came does not take its place", (t) => {
  const own = { index: 3, term: 1, confState: confStateOf(['a']) }
  const leaders = { index: 9, term: 2, confState: confStateOf(['a']) }
  const list = saves(
    entries(1, 2, 6),
    { snapshot: { ...leaders, received: true } },
    { snapshot: own },
    entries(2, 10, 10),
  )
  t.same(
    chooseSnapshot(list, () => true),
    leaders,
  )
  t.equal(termsOf(list, leaders), '10/2')
  t.end()
})

t.test('a gap between snapshot and log is refused', (t) => {
  t.throws(() => termsOf(saves(entries(1, 40, 50))), /begins at entry 40.*snapshot.*is missing/)
  t.end()
})

t.test('the commit index never points past what is there', (t) => {
  const list = saves({ ...entries(1, 2, 3), hardState: { term: 1, vote: '', commit: 9 } })
  t.equal(replaySaves(list, founded).initialState().hardState.commit, 3)
  t.end()
})

t.test('large entries are kept only as far as their bytes allow', (t) => {
  const list = Array.from({ length: 20 }, (_, i) => ({
    term: 1,
    index: 2 + i,
    data: Buffer.alloc(100),
  }))
  const storage = new LogStorage(replaySaves(saves({ entries: list }), founded), () => founded)
  storage.trim(20, 50, 450)
  t.equal(storage.firstIndex(), 17, 'four of them, up to 20')
  t.equal(storage.lastIndex(), 21, 'and what is not applied yet')
  storage.trim(20, 0, 450)
  t.equal(storage.firstIndex(), 21)
  t.end()
})

t.test('the log in memory is trimmed, and a snapshot is of the present', (t) => {
  const memory = replaySaves(saves(entries(1, 2, 100)), founded)
  const storage = new LogStorage(memory, () => ({ ...founded, index: 90 }))
  storage.trim(90, 50, 1000)
  t.equal(storage.firstIndex(), 41)
  t.equal(storage.snapshot().metadata.index, 90)
  storage.trim(30, 50, 1000)
  t.equal(storage.firstIndex(), 41)
  t.end()
})
