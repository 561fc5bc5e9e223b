import t from 'tap'
import { nodes, pods } from '@kemu/api'
import type { Pod } from '@kemu/api'
import { ManualClock } from '@kemu/base/testing'
import { eventually, node, pod } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import { PodGarbageCollector } from './pod-garbage-collector.ts'

async function start(
  t: { teardown(end: () => Promise<void>): void },
  running: readonly Pod[],
  endedMax = 0,
) {
  const clock = new ManualClock()
  const bench = new Bench(clock)
  t.teardown(() => bench.close())
  const own = bench.client.resource(pods, 'default')
  await bench.client.resource(nodes).create(node('n1'))
  for (const one of running) await own.create(one)
  await bench.run(new PodGarbageCollector(endedMax, bench.deps))
  const names = async (): Promise<string[]> =>
    (await own.list()).items.map(({ metadata }) => metadata.name)
  /** Lets every reconcile that is due run. */
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return { bench, clock, own, names, turn }
}

const on = (name: string, nodeName: string, status: Pod['status'] = { phase: 'Running' }): Pod =>
  pod(name, { spec: { nodeName }, status })

t.test('pods of a node that is gone are marked and deleted, after a quarantine', async (t) => {
  const { bench, clock, names, turn } = await start(t, [on('kept', 'n1'), on('lost', 'n2')])
  await turn()
  clock.advance(39_000)
  await turn()
  t.same(await names(), ['kept', 'lost'])
  clock.advance(2_000)
  await eventually(async () => (await names()).join() === 'kept')
  const { writes } = bench.transport
  t.ok(writes.indexOf('patch pods/lost/status') < writes.indexOf('delete pods/lost'))
})

t.test('a node that comes back within its quarantine keeps its pods', async (t) => {
  const { bench, clock, names, turn } = await start(t, [on('p', 'n2')])
  await turn()
  clock.advance(30_000)
  await bench.client.resource(nodes).create(node('n2'))
  await eventually(() => bench.informers.of(nodes).lister.size === 2)
  clock.advance(20_000)
  await turn()
  t.same(await names(), ['p'])
})

t.test('a pod that was never scheduled goes when it is deleted', async (t) => {
  const deletionTimestamp = '2026-01-01T00:00:00Z'
  const { names } = await start(t, [pod('waits'), pod('leaves', { meta: { deletionTimestamp } })])
  await eventually(async () => (await names()).join() === 'waits')
  t.pass('only that one')
})

t.test('one that only a finalizer holds is not asked to go again and again', async (t) => {
  const deletionTimestamp = '2026-01-01T00:00:00Z'
  const held = { deletionTimestamp, deletionGracePeriodSeconds: 0, finalizers: ['held'] }
  const { bench, turn } = await start(t, [pod('held', { meta: held })])
  await turn()
  t.notOk(bench.transport.writes.includes('delete pods/held'))
})

t.test('ended pods above the threshold go, the oldest first', async (t) => {
  const ended = [3, 1, 2].map((day) => {
    const one = on(`day-${day}`, 'n1', { phase: 'Succeeded' })
    one.metadata.creationTimestamp = `2026-01-0${day}T00:00:00Z`
    return one
  })
  const { names, own } = await start(t, [], 2)
  for (const one of ended) await own.create(one)
  await eventually(async () => (await names()).length === 2)
  t.equal((await names()).length, 2)
})
