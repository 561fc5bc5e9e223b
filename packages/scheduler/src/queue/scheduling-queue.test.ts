import t from 'tap'
import type { Pod } from '@kemu/api'
import { ManualClock } from '@kemu/base/testing'
import { node, pod } from '@kemu/controller-runtime/testing'
import { added } from '../cluster-changes.ts'
import type { RequeueEvent } from '../framework/interface.ts'
import { PrioritySort } from '../plugins/priority-sort.ts'
import { SchedulingGates } from '../plugins/scheduling-gates.ts'
import { SchedulingQueue } from './scheduling-queue.ts'

const nodeAdded: RequeueEvent = {
  event: { resource: 'Node', actions: ['Add'] },
  hint: (_, { object }) => object?.metadata.name !== 'useless',
}

function start(t: { teardown(end: () => void): void }) {
  const clock = new ManualClock()
  let woken = 0
  const sort = new PrioritySort()
  const queue = new SchedulingQueue(
    { initialBackoffMs: 1_000, maxBackoffMs: 10_000, unschedulableMsMax: 300_000 },
    {
      clock,
      compare: (a, b) => sort.compare(a, b),
      preEnqueue: [new SchedulingGates()],
      eventsOf: new Map([['Fit', [nodeAdded]]]),
      onReady: () => (woken += 1),
    },
  )
  t.teardown(() => queue.close())
  return { clock, queue, woken: () => woken, name: () => queue.pop()?.info.pod.metadata.name }
}

const fit = new Set(['Fit'])
const priority = (name: string, value: number): Pod => pod(name, { spec: { priority: value } })

t.test('higher priority goes first, then who came first', async (t) => {
  const { clock, queue, name } = start(t)
  queue.add(priority('first', 0))
  clock.advance(1)
  queue.add(priority('second', 0))
  queue.add(priority('urgent', 10))
  t.same([name(), name(), name(), name()], ['urgent', 'first', 'second', undefined])
})

t.test(
  'a pod that fitted nowhere rests until an event helps the plugin that said no',
  async (t) => {
    const { clock, queue, name } = start(t)
    queue.add(pod('big'))
    queue.returnUnschedulable(queue.pop()!, fit)
    clock.advance(60_000)
    t.equal(name(), undefined)
    queue.moveOn(added('Node', node('useless')))
    t.equal(name(), undefined, 'the hint saw that this node does not help')
    queue.moveOn(added('Node', node('n1')))
    t.equal(name(), 'big')
  },
)

t.test('an error backs off, twice as long each time, whatever events come', async (t) => {
  const { clock, queue } = start(t)
  queue.add(pod('p'))
  for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
    queue.returnFailed(queue.pop()!)
    clock.advance(pauseMs - 1)
    t.equal(queue.sizes.active, 0, `still waiting after ${pauseMs - 1} ms`)
    clock.advance(1)
    t.equal(queue.sizes.active, 1)
  }
})

t.test('with nothing else to do, a pod in back-off is tried early', async (t) => {
  const { queue, name, woken } = start(t)
  queue.add(pod('p'))
  queue.returnUnschedulable(queue.pop()!, fit)
  const before = woken()
  queue.moveOn(added('Node', node('n1')))
  t.equal(queue.sizes.backoff, 1)
  t.equal(woken(), before + 1)
  t.equal(name(), 'p')
})

t.test('five minutes bring back even a pod that no event concerns', async (t) => {
  const { clock, queue, name } = start(t)
  queue.add(pod('p'))
  queue.returnUnschedulable(queue.pop()!, fit)
  clock.advance(299_000)
  t.equal(name(), undefined)
  clock.advance(32_000)
  t.equal(name(), 'p')
})

t.test('a gated pod waits for its last gate', async (t) => {
  const { queue, name } = start(t)
  const gated = pod('p', { spec: { schedulingGates: [{ name: 'a' }] } })
  queue.add(gated)
  t.match(queue.sizes, { active: 0, gated: 1 })
  queue.moveOn(added('Node', node('n1')))
  t.equal(name(), undefined)
  queue.update({ ...gated, spec: { ...gated.spec, schedulingGates: [] } }, undefined)
  t.equal(name(), 'p')
})

t.test('a deleted pod is in no room any more', async (t) => {
  const { queue, name } = start(t)
  const [active, resting] = [pod('active'), pod('resting')]
  queue.add(resting)
  queue.returnUnschedulable(queue.pop()!, fit)
  queue.add(active)
  queue.delete(active.metadata.uid)
  queue.delete(resting.metadata.uid)
  queue.moveOn(added('Node', node('n1')))
  t.equal(name(), undefined)
  t.match(queue.sizes, { active: 0, backoff: 0, unschedulable: 0 })
})
