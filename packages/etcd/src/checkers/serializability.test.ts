import t from 'tap'
import { searchSerialOrder } from './kv-search.ts'
import { LeasePromises } from './lease-promises.ts'
import type { KvInput, KvOperation, KvOutput } from './operation.ts'
import { checkRevisionOrder } from './revision-order.ts'
import { changeOf, seenOf, StoreHistory } from './store-history.ts'
import type { Change } from './store-history.ts'

const never = Number.POSITIVE_INFINITY

function change(key: string, value: string, modRevision: number, lease = 0n): Change {
  return changeOf({ key, value, createRevision: modRevision, modRevision, version: 1, lease })
}

function gone(key: string, modRevision: number): Change {
  return changeOf({ key, value: '', createRevision: 0, modRevision, version: 0, lease: 0n })
}

function historyOf(...revisions: Change[][]): StoreHistory {
  const history = new StoreHistory()
  revisions.forEach((changes, i) => history.record('m1', i + 2, changes))
  return history
}

function op(input: KvInput, output: KvOutput | undefined, from: number, to: number): KvOperation {
  return { client: 'c', input, output, calledAt: from, returnedAt: output ? to : never }
}

function put(key: string, value: string, revision: number, from: number, to: number): KvOperation {
  const output: KvOutput = { revision, succeeded: true, results: [{ kind: 'put' }] }
  return op({ kind: 'put', key, value, lease: 0n }, output, from, to)
}

function get(seen: Change[], revision: number, from: number, to: number): KvOperation {
  const keys = seen.map(seenOf)
  const output: KvOutput = { revision, succeeded: true, results: [{ kind: 'range', keys }] }
  return op({ kind: 'range', key: 'a', rangeEnd: 'z' }, output, from, to)
}

const a2 = change('a', '1', 2)
const b3 = change('b', '2', 3)
const lost: KvInput = { kind: 'put', key: 'b', value: '2', lease: 0n }

const cases: [string, StoreHistory, KvOperation[], isRight: boolean][] = [
  [
    'writes and reads in order',
    historyOf([a2], [b3]),
    [put('a', '1', 2, 0, 1), put('b', '2', 3, 2, 3), get([a2, b3], 3, 4, 5)],
    true,
  ],
  [
    'a write without an answer that happened',
    historyOf([a2], [b3]),
    [put('a', '1', 2, 0, 1), op(lost, undefined, 2, never), get([a2, b3], 3, 4, 5)],
    true,
  ],
  [
    'a write without an answer that did not happen',
    historyOf([a2]),
    [put('a', '1', 2, 0, 1), op(lost, undefined, 2, never), get([a2], 2, 4, 5)],
    true,
  ],
  [
    'a stale read',
    historyOf([a2], [b3]),
    [put('a', '1', 2, 0, 1), put('b', '2', 3, 2, 3), get([a2], 2, 4, 5)],
    false,
  ],
  [
    'a lost write',
    historyOf([a2]),
    [put('a', '1', 2, 0, 1), put('b', '2', 3, 2, 3), get([a2], 2, 4, 5)],
    false,
  ],
  [
    'a read of what was never written',
    historyOf([a2]),
    [put('a', '1', 2, 0, 1), get([change('a', 'x', 2)], 2, 2, 3)],
    false,
  ],
  [
    'two writes of one revision',
    historyOf([a2]),
    [put('a', '1', 2, 0, 1), put('a', '1', 2, 2, 3)],
    false,
  ],
  [
    'the end of a lease',
    historyOf([change('a', '1', 2, 7n)], [gone('a', 3)]),
    [
      op(
        { kind: 'put', key: 'a', value: '1', lease: 7n },
        { revision: 2, succeeded: true, results: [{ kind: 'put' }] },
        0,
        1,
      ),
      get([], 3, 2, 3),
    ],
    true,
  ],
]
for (const [name, history, operations, isRight] of cases) {
  t.test(`${name}: ${isRight ? 'serializable' : 'noticed, by witness and by search'}`, (t) => {
    const { violations, causes } = checkRevisionOrder(history, operations)
    t.equal(violations.length === 0, isRight, violations[0]?.detail ?? 'nothing was found')
    const verdict = searchSerialOrder(history, operations, causes)
    t.equal(verdict, isRight ? 'linearizable' : 'violated')
    t.end()
  })
}

t.test('a change that nobody asked for, and a revision that is missing, are noticed', (t) => {
  const twice = historyOf([a2], [change('a', '1', 3)])
  const [first] = checkRevisionOrder(twice, [put('a', '1', 2, 0, 1)]).violations
  t.match(first?.detail, /asked for revision 3/)
  const gap = new StoreHistory()
  gap.record('m1', 2, [a2])
  gap.record('m1', 4, [change('b', '2', 4)])
  t.match(checkRevisionOrder(gap, []).violations, [{ property: 'No Gaps' }])
  t.match(gap.record('m2', 2, [b3]), { property: 'State Machine Safety' })
  t.end()
})

t.test('the search gives up when it is interrupted', (t) => {
  const history = historyOf([a2])
  const reads = Array.from({ length: 12 }, () => get([b3], 2, 0, 100))
  const isInterrupted = (): boolean => true
  const operations = [
    put('a', '1', 2, 0, 100),
    ...Array.from({ length: 1500 }, () => get([a2], 2, 0, 100)),
    ...reads,
  ]
  t.equal(searchSerialOrder(history, operations, new Map(), { isInterrupted }), 'unknown')
  t.end()
})

t.test('a lease that ends before its time is noticed, one that ends after it is not', (t) => {
  const promises = new LeasePromises(1)
  promises.onGranted(1n, 2, 1000)
  promises.onGranted(2n, 2, 1000)
  promises.onGranted(3n, 2, 1000)
  promises.onRenewed(2n, 2, 2500, 2510)
  promises.onRevokeAsked(3n)
  promises.onGone(1n, 3000)
  promises.onGone(3n, 1500)
  t.same(promises.violations, [])
  promises.onGone(2n, 4000)
  t.match(promises.violations, [{ property: 'Lease Lives', detail: /gone 500 ms before its time/ }])
  promises.onGranted(4n, 1, 5000)
  promises.checkGone((id) => id === 4n, 60_000)
  t.match(promises.violations[1], { property: 'Lease Expires' })
  t.end()
})
