import fc from 'fast-check'
import t from 'tap'
import { GrpcError } from '../grpc/status.ts'
import { isInRange } from './key-range.ts'
import { Store } from './store.ts'
import type { LeaseKeys } from './store.ts'
import type { Version } from './version.ts'

/** The dumbest store that can be: the whole contents after each revision. */
class Model {
  readonly states: Map<string, Contents>[] = [new Map(), new Map()]
  compacted = -1

  get revision(): number {
    return this.states.length - 1
  }

  write(change: (state: Map<string, Contents>, revision: number) => boolean): void {
    const next = new Map(this.states.at(-1))
    if (change(next, this.revision + 1)) this.states.push(next)
  }

  range(key: string, end: string, revision: number): Contents[] | 'future' | 'compacted' {
    if (revision > this.revision) return 'future'
    if (revision > 0 && revision < this.compacted) return 'compacted'
    const state = this.states[revision > 0 ? revision : this.revision]!
    const found = [...state.values()].filter((kv) => isInRange(kv.key, key, end))
    return found.sort((a, b) => (a.key < b.key ? -1 : 1))
  }
}

interface Contents {
  readonly key: string
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
  readonly value: string
}

type Operation =
  | { readonly kind: 'put'; readonly puts: readonly (readonly [string, string])[] }
  | { readonly kind: 'delete'; readonly key: string; readonly end: string }
  | { readonly kind: 'compact'; readonly back: number }
  | { readonly kind: 'range'; readonly key: string; readonly end: string; readonly back: number }

const key = fc.constantFrom('a', 'ab', 'b', 'c', 'c\0', 'd')
const end = fc.constantFrom('', '\0', 'b', 'c', 'd', 'z', 'a')
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      puts: fc.uniqueArray(fc.tuple(key, fc.string({ maxLength: 3 })), {
        minLength: 1,
        maxLength: 3,
        selector: ([k]) => k,
      }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), key, end }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), back: fc.nat(6) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('range' as const),
      key,
      end,
      back: fc.integer({ min: -1, max: 8 }),
    }),
  },
)

const noLeases: LeaseKeys = { attach: () => {}, detach: () => {} }

function apply(model: Model, op: Exclude<Operation, { kind: 'range' | 'compact' }>): void {
  model.write((state, revision) => {
    if (op.kind === 'put') {
      for (const [k, value] of op.puts) {
        const before = state.get(k)
        state.set(k, {
          key: k,
          createRevision: before?.createRevision ?? revision,
          modRevision: revision,
          version: (before?.version ?? 0) + 1,
          value,
        })
      }
      return true
    }
    const doomed = [...state.keys()].filter((k) => isInRange(k, op.key, op.end))
    for (const k of doomed) state.delete(k)
    return doomed.length > 0
  })
}

function applyToStore(store: Store, op: Exclude<Operation, { kind: 'range' | 'compact' }>): void {
  const txn = store.write()
  if (op.kind === 'put') for (const [k, value] of op.puts) txn.put(k, value, 0n)
  else txn.deleteRange(op.key, op.end)
  txn.end()
}

function rangeOf(
  store: Store,
  k: string,
  e: string,
  revision: number,
): Contents[] | 'future' | 'compacted' {
  try {
    const { kvs, count } = store.range(k, e, { revision, limit: 0, countOnly: false })
    t.equal(count, kvs.length)
    return kvs.map(contentsOf)
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error
    return error.message.includes('compacted') ? 'compacted' : 'future'
  }
}

function contentsOf({ key, createRevision, modRevision, version, value }: Version): Contents {
  return { key, createRevision, modRevision, version, value }
}

function run(operations: readonly Operation[]): { store: Store; model: Model } {
  const store = new Store(noLeases)
  const model = new Model()
  for (const op of operations) {
    if (op.kind === 'compact') {
      const revision = model.revision - op.back
      if (revision > model.compacted && revision > 0) {
        store.compact(revision)
        model.compacted = revision
      }
    } else if (op.kind === 'range') {
      const revision = Math.max(0, model.revision - op.back)
      const expected = model.range(op.key, op.end, revision)
      const found = rangeOf(store, op.key, op.end, revision)
      if (JSON.stringify(found) !== JSON.stringify(expected)) {
        throw new Error(`range: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`)
      }
    } else {
      apply(model, op)
      applyToStore(store, op)
    }
    if (store.revision !== model.revision) throw new Error('revisions differ')
  }
  return { store, model }
}

t.test('reads at every revision what a list of whole states says', (t) => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const { store, model } = run(operations)
      for (let revision = Math.max(1, model.compacted); revision <= model.revision; revision++) {
        const expected = model.range('\0', '\0', revision)
        const found = rangeOf(store, '\0', '\0', revision)
        if (JSON.stringify(found) !== JSON.stringify(expected)) {
          throw new Error(`at ${revision}: ${JSON.stringify(found)}, ${JSON.stringify(expected)}`)
        }
      }
    }),
    { numRuns: 300 },
  )
  t.pass('no counterexample')
  t.end()
})

t.test('compacting everything leaves the bytes of the present state alone', (t) => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      // A deletion at the very revision of the compaction would stay.
      const { store } = run([...operations, { kind: 'put', puts: [['a', '']] }])
      store.compact(store.revision)
      const { kvs } = store.range('\0', '\0', { revision: 0, limit: 0, countOnly: false })
      const bytes = kvs.reduce((sum, kv) => sum + kv.key.length + kv.value.length + 32, 0)
      if (store.bytes !== bytes || store.keyCount !== kvs.length) {
        throw new Error(`${store.bytes} bytes in ${store.keyCount} keys, not ${bytes}`)
      }
    }),
    { numRuns: 200 },
  )
  t.pass('no counterexample')
  t.end()
})
