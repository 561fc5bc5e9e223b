import t from 'tap'
import { systemClock } from '@kemu/base'
import type { Change, KeyValueStore } from './key-value-store.ts'
import { isStoreError } from './store-error.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

/**
 * What every implementation of the storage seam promises. `open` gives a store whose prefix `/t/`
 * is empty.
 */
export function keyValueStoreContract(name: string, open: () => Promise<KeyValueStore>): void {
  t.test(`${name}: creates a key only where there is none`, async (t) => {
    const store = await open()
    const first = await store.create('/t/create/a', bytes('1'))
    t.equal(first.ok, true)
    const second = await store.create('/t/create/a', bytes('2'))
    t.match(second, { ok: false, current: { value: bytes('1'), modRevision: first.revision } })
    t.ok(second.revision >= first.revision)
  })

  t.test(`${name}: replaces and removes only what was not changed since`, async (t) => {
    const store = await open()
    const { revision } = await store.create('/t/replace/a', bytes('1'))
    const replaced = await store.replace('/t/replace/a', revision, bytes('2'))
    t.equal(replaced.ok, true)
    const late = await store.replace('/t/replace/a', revision, bytes('3'))
    t.match(late, { ok: false, current: { value: bytes('2'), modRevision: replaced.revision } })
    t.match(await store.remove('/t/replace/a', revision), { ok: false })
    t.match(await store.remove('/t/replace/a', replaced.revision), { ok: true })
    const { kv } = await store.get('/t/replace/a')
    t.equal(kv, undefined)
    t.match(await store.remove('/t/replace/a', replaced.revision), {
      ok: false,
      current: undefined,
    })
  })

  t.test(`${name}: ranges in key order, by limit, start and revision, and counts`, async (t) => {
    const store = await open()
    for (const key of ['b', 'a', 'c']) await store.create(`/t/range/${key}`, bytes(key))
    const { revision } = await store.get('/t/range/c')
    await store.create('/t/range/d', bytes('d'))
    const keys = async (query: object): Promise<string[]> =>
      (await store.range({ prefix: '/t/range/', ...query })).kvs.map((kv) => kv.key.slice(9))
    t.strictSame(await keys({}), ['a', 'b', 'c', 'd'])
    t.strictSame(await keys({ limit: 2 }), ['a', 'b'])
    t.strictSame(await keys({ startKey: '/t/range/b\0', limit: 5 }), ['c', 'd'])
    t.strictSame(await keys({ revision }), ['a', 'b', 'c'])
    const count = await store.range({ prefix: '/t/range/', countOnly: true })
    t.match(count, { kvs: [], count: 4 })
    t.equal((await store.range({ prefix: '/t/range/', limit: 1 })).count, 4)
  })

  t.test(`${name}: refuses a revision of the future`, async (t) => {
    const store = await open()
    t.equal(await faultOf(store.range({ prefix: '/t/', revision: 1_000_000 })), 'future')
  })

  t.test(`${name}: counts versions for those who take turns`, async (t) => {
    const store = await open()
    t.match(await store.putIfVersion('/t/turn', 0, bytes('x')), { ok: true })
    t.match(await store.putIfVersion('/t/turn', 0, bytes('y')), { ok: false, version: 1 })
    t.match(await store.putIfVersion('/t/turn', 1, bytes('y')), { ok: true })
  })

  t.test(`${name}: watches from a revision in the past, in order, deletes included`, async (t) => {
    const store = await open()
    const { revision } = await store.create('/t/watch/a', bytes('1'))
    const { revision: second } = await store.replace('/t/watch/a', revision, bytes('2'))
    const seen = new Recorder(store, '/t/watch/', revision)
    await seen.until((changes) => changes.length === 2)
    await store.create('/t/elsewhere', bytes('x'))
    const removed = await store.remove('/t/watch/a', second)
    await seen.until((changes) => changes.length === 3)
    t.match(seen.changes, [
      { type: 'put', kv: { key: '/t/watch/a', value: bytes('1'), modRevision: revision } },
      { type: 'put', kv: { value: bytes('2'), modRevision: second } },
      { type: 'delete', key: '/t/watch/a', modRevision: removed.revision },
    ])
    t.equal(seen.revision, removed.revision)
    seen.close()
  })

  t.test(`${name}: tells how far a quiet watch has come`, async (t) => {
    const store = await open()
    const { revision } = await store.create('/t/elsewhere/b', bytes('1'))
    const seen = new Recorder(store, '/t/quiet/', 1)
    const asking = systemClock.setPeriodic(20, () => seen.askProgress())
    await seen.until(() => seen.revision >= revision)
    asking.cancel()
    t.same(seen.changes, [])
    seen.close()
  })

  t.test(`${name}: says so when the history asked for is compacted`, async (t) => {
    const store = await open()
    const { revision } = await store.create('/t/compact/a', bytes('1'))
    const { revision: second } = await store.replace('/t/compact/a', revision, bytes('2'))
    const { revision: last } = await store.replace('/t/compact/a', second, bytes('3'))
    await store.compact(last)
    t.equal(await faultOf(store.range({ prefix: '/t/compact/', revision })), 'compacted')
    t.equal(await faultOf(store.compact(second)), 'compacted')
    const seen = new Recorder(store, '/t/compact/', revision)
    await seen.until(() => seen.compacted)
    t.same(seen.changes, [])
  })

  t.test(`${name}: gives leases that a key can be attached to`, async (t) => {
    const store = await open()
    const lease = await store.grantLease(600)
    t.match(await store.create('/t/leased', bytes('1'), lease), { ok: true })
  })
}

async function faultOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'none'
  } catch (error) {
    return isStoreError(error) ? error.fault : String(error)
  }
}

/** Collects what a watch gives. */
class Recorder {
  readonly changes: Change[] = []
  revision = 0
  compacted = false
  readonly #stream
  #wake = (): void => {}

  constructor(store: KeyValueStore, prefix: string, fromRevision: number) {
    this.#stream = store.watch(prefix, fromRevision, {
      onChanges: (changes, revision) => {
        this.changes.push(...changes)
        this.revision = revision
        this.#wake()
      },
      onCompacted: () => {
        this.compacted = true
        this.#wake()
      },
    })
  }

  askProgress(): void {
    this.#stream.requestProgress()
  }

  async until(condition: (changes: readonly Change[]) => boolean): Promise<void> {
    while (!condition(this.changes)) await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  close(): void {
    this.#stream.close()
  }
}
