import t from 'tap'
import { Store } from './store.ts'
import { isTombstone } from './version.ts'
import type { Version } from './version.ts'
import { Watcher, WatchHub } from './watch-hub.ts'
import type { WatchSink } from './watch-hub.ts'

class Sink implements WatchSink {
  isReady = true
  readonly seen: string[] = []
  readonly batches: number[] = []
  compactedAt: number | undefined

  onEvents(_watcher: Watcher, events: readonly Version[]): void {
    this.batches.push(events.length)
    for (const event of events) {
      const value = isTombstone(event) ? 'deleted' : event.value
      this.seen.push(`${event.modRevision} ${event.key}=${value}`)
    }
  }

  onCompacted(_watcher: Watcher, compactRevision: number): void {
    this.compactedAt = compactRevision
  }
}

class World {
  readonly store = new Store({ attach: () => {}, detach: () => {} })
  readonly hub = new WatchHub(this.store)

  put(...pairs: [string, string][]): void {
    const txn = this.store.write()
    for (const [key, value] of pairs) txn.put(key, value, 0n)
    txn.end()
    this.hub.publish(this.store.takeChanges())
  }

  remove(key: string, rangeEnd = ''): void {
    const txn = this.store.write()
    txn.deleteRange(key, rangeEnd)
    txn.end()
    this.hub.publish(this.store.takeChanges())
  }

  watch(
    key: string,
    rangeEnd: string,
    next: number,
    filters = {},
  ): { sink: Sink; watcher: Watcher } {
    const sink = new Sink()
    const spec = { key, rangeEnd, noPut: false, noDelete: false, ...filters }
    const watcher = new Watcher(1, spec, sink, next)
    this.hub.add(watcher)
    return { sink, watcher }
  }
}

t.test('brings changes of one key, of a range and of everything', (t) => {
  const world = new World()
  const one = world.watch('b', '', 2)
  const some = world.watch('b', 'd', 2)
  const all = world.watch('\0', '\0', 2)
  world.put(['a', '1'])
  world.put(['b', '2'], ['c', '3'])
  world.remove('b')
  t.same(one.sink.seen, ['3 b=2', '4 b=deleted'])
  t.same(some.sink.seen, ['3 b=2', '3 c=3', '4 b=deleted'])
  t.same(all.sink.seen, ['2 a=1', '3 b=2', '3 c=3', '4 b=deleted'])
  t.end()
})

t.test('one transaction comes in one piece', (t) => {
  const world = new World()
  const { sink } = world.watch('\0', '\0', 2)
  world.put(['a', '1'], ['b', '1'], ['c', '1'])
  t.same(sink.batches, [3])
  t.end()
})

t.test('a watch from the past reads the log first and goes on with the present', (t) => {
  const world = new World()
  world.put(['a', '1'])
  world.put(['a', '2'])
  const { sink, watcher } = world.watch('a', '', 3)
  world.put(['a', '3'])
  t.same(sink.seen, ['3 a=2', '4 a=3'])
  t.ok(watcher.isSynced)
  t.end()
})

t.test('a watch from the future says nothing before its time', (t) => {
  const world = new World()
  const { sink } = world.watch('a', '', 4)
  world.put(['a', '1'])
  world.put(['a', '2'])
  world.put(['a', '3'])
  t.same(sink.seen, ['4 a=3'])
  t.end()
})

t.test('filters leave out puts or deletions', (t) => {
  const world = new World()
  const puts = world.watch('a', '', 2, { noDelete: true })
  const deletions = world.watch('a', '', 2, { noPut: true })
  world.put(['a', '1'])
  world.remove('a')
  t.same(puts.sink.seen, ['2 a=1'])
  t.same(deletions.sink.seen, ['3 a=deleted'])
  t.end()
})

t.test('a slow client loses nothing and holds nobody up', (t) => {
  const world = new World()
  const slow = world.watch('\0', '\0', 2)
  const quick = world.watch('\0', '\0', 2)
  slow.sink.isReady = false
  world.put(['a', '1'], ['b', '1'])
  world.put(['a', '2'])
  t.same(quick.sink.seen.length, 3)
  t.same(slow.sink.seen, [])
  t.equal(world.hub.laggingCount, 1)
  slow.sink.isReady = true
  world.hub.resume(slow.watcher)
  world.put(['a', '3'])
  t.same(slow.sink.seen, ['2 a=1', '2 b=1', '3 a=2', '4 a=3'])
  t.equal(world.hub.laggingCount, 0)
  t.end()
})

t.test('a watch whose past is compacted is told so and is over', (t) => {
  const world = new World()
  for (let i = 0; i < 5; i++) world.put(['a', String(i)])
  world.store.compact(5)
  const { sink } = world.watch('a', '', 3)
  t.equal(sink.compactedAt, 5)
  t.equal(world.hub.watcherCount, 0)
  const at = world.watch('a', '', 5)
  t.same(
    at.sink.seen,
    ['5 a=3', '6 a=4'],
    'the compacted revision itself can still be watched from',
  )
  t.end()
})

t.test('a watch that is removed hears nothing more, also in the middle of a batch', (t) => {
  const world = new World()
  const { sink, watcher } = world.watch('a', '', 2)
  world.hub.remove(watcher)
  world.put(['a', '1'])
  t.same(sink.seen, [])
  t.equal(world.hub.watcherCount, 0)
  t.end()
})
