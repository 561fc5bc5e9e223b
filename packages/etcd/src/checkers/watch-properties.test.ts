import t from 'tap'
import { changeOf, StoreHistory } from './store-history.ts'
import type { Change } from './store-history.ts'
import { checkWatches } from './watch-properties.ts'
import type { WatchAnswer, WatchEvent, WatchRecord } from './watch-properties.ts'

function put(key: string, modRevision: number, createRevision = modRevision, version = 1): Change {
  const value = `${key}.${modRevision}`
  return changeOf({ key, value, createRevision, modRevision, version, lease: 0n })
}

function gone(key: string, modRevision: number): Change {
  return changeOf({ key, value: '', createRevision: 0, modRevision, version: 0, lease: 0n })
}

// What truly happened: revision 4 changes two keys at once.
const truth: Change[][] = [
  [put('a', 2)],
  [put('b', 3)],
  [put('a', 4, 2, 2), put('c', 4)],
  [gone('b', 5)],
  [put('b', 6)],
]
const history = new StoreHistory()
truth.forEach((changes, i) => history.record('m1', i + 2, changes))

function event(change: Change): WatchEvent {
  const { keys } = history.stateAt(change.modRevision - 1)
  return { ...change, previous: keys.get(change.key) }
}

function answer(events: readonly WatchEvent[], revision = 6, isFragment = false): WatchAnswer {
  return { atMs: 0, revision, events, isFragment }
}

const all = truth.map((changes) => changes.map(event))
const [second, third, fourth, fifth, sixth] = all as [
  WatchEvent[],
  WatchEvent[],
  WatchEvent[],
  WatchEvent[],
  WatchEvent[],
]

function watch(answers: WatchAnswer[], changed: Partial<WatchRecord> = {}): WatchRecord {
  return {
    client: 'w',
    key: '\0',
    rangeEnd: '\0',
    startRevision: 2,
    wantsPrevious: true,
    noPut: false,
    noDelete: false,
    createdAt: 6,
    answers,
    ...changed,
  }
}

function broken(record: WatchRecord, compactedUpTo = 0): string[] {
  const names = checkWatches(history, [record], compactedUpTo).map(({ property }) =>
    property.replace('Watch: ', ''),
  )
  return [...new Set(names)]
}

t.test('a watch that was told the truth breaks no promise', (t) => {
  t.same(broken(watch(all.map((events) => answer(events)))), [])
  t.same(broken(watch([answer(all.flat())])), [], 'several revisions in one answer')
  const fragments = [
    ...[second, third].map((events) => answer(events)),
    answer(fourth.slice(0, 1), 6, true),
    answer(fourth.slice(1)),
  ]
  t.same(broken(watch(fragments)), [], 'a revision in fragments')
  t.same(broken(watch([answer([...fourth, ...fifth])], { startRevision: 4 })), [], 'resumed')
  t.same(broken(watch([answer(sixth)], { startRevision: 0, createdAt: 5 })), [], 'from now on')
  t.same(broken(watch([answer(second), answer([], 2), answer(third)])), [], 'with progress')
  t.same(broken(watch([answer(fifth)], { noPut: true })), [], 'deletions only')
  t.end()
})

const cases: [promise: string, record: WatchRecord][] = [
  ['Ordered', watch([answer(third), answer(second)])],
  ['Unique', watch([answer(second), answer(third), answer(third)])],
  [
    'Atomic',
    watch([answer(second), answer(third), answer(fourth.slice(0, 1)), answer(fourth.slice(1))]),
  ],
  ['Reliable', watch([answer(second), answer(fourth)])],
  ['Resumable', watch([answer(third)], { startRevision: 2 })],
  ['Resumable', watch([answer(third)], { startRevision: 4 })],
  ['Bookmarkable', watch([answer(second), answer([], 4)])],
  ['Bookmarkable', watch([answer(second), answer([], 3), answer(third)])],
  ['Filter', watch([answer(second), answer(third)], { key: 'a', rangeEnd: '' })],
  ['Filter', watch([answer(all.flat())], { noDelete: true })],
  [
    'PrevKV',
    watch([
      answer(second),
      answer(third),
      answer(fourth.map((e) => ({ ...e, previous: undefined }))),
    ]),
  ],
  ['IsCreate', watch([answer(second.map((e) => ({ ...e, createRevision: 1 })))])],
  ['Reliable', watch([answer(second.map((e) => ({ ...e, value: 'never written' })))])],
]
for (const [promise, record] of cases) {
  t.test(`a watch that breaks "${promise}" is noticed`, (t) => {
    t.ok(broken(record).includes(promise), `found: ${broken(record).join(', ')}`)
    t.end()
  })
}

t.test('what was before may be missing only when it was compacted', (t) => {
  const blind = fourth.map((e) => ({ ...e, previous: undefined }))
  t.same(broken(watch([answer(blind)], { startRevision: 4 }), 3), ['PrevKV'])
  t.same(broken(watch([answer(blind)], { startRevision: 4 }), 4), [])
  t.end()
})
