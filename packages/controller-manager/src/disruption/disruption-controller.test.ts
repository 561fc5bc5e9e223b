import t from 'tap'
import { controllerReference, podDisruptionBudgets, pods, replicaSets } from '@kemu/api'
import type { Draft, PodDisruptionBudget } from '@kemu/api'
import { ManualClock } from '@kemu/base/testing'
import { eventually, pod, replicaSet } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import { DisruptionController } from './disruption-controller.ts'

async function start(t: { teardown(end: () => Promise<void>): void }) {
  const clock = new ManualClock(Date.parse('2026-11-21T12:00:00Z'))
  const bench = new Bench(clock)
  t.teardown(() => bench.close())
  const own = bench.client.resource(pods, 'default')
  const budgets = bench.client.resource(podDisruptionBudgets, 'default')
  const set = await bench.client.resource(replicaSets, 'default').create(replicaSet('web', 3))
  for (const name of ['a', 'b', 'c']) {
    const ownerReferences = [controllerReference(set)]
    const made = await own.create(pod(name, { meta: { labels: { app: 'web' }, ownerReferences } }))
    const conditions = [{ type: 'Ready', status: name === 'c' ? 'False' : 'True' }]
    await own.updateStatus({ ...made, status: { phase: 'Running', conditions } })
  }
  await bench.run(new DisruptionController(bench.deps))
  const statusOf = async (name: string) => (await budgets.get(name)).status
  return { bench, clock, own, budgets, statusOf }
}

function budget(
  name: string,
  spec: Partial<PodDisruptionBudget['spec']>,
): Draft<PodDisruptionBudget> {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
    status: {},
  }
}

const rows: readonly [string, Partial<PodDisruptionBudget['spec']>, object][] = [
  ['a number of pods', { minAvailable: 1 }, { desiredHealthy: 1, disruptionsAllowed: 1 }],
  ['a share of the scale', { minAvailable: '50%' }, { desiredHealthy: 2, disruptionsAllowed: 0 }],
  ['how many may be missing', { maxUnavailable: 2 }, { desiredHealthy: 1, disruptionsAllowed: 1 }],
  ['a share that may be missing', { maxUnavailable: '34%' }, { desiredHealthy: 1 }],
]
for (const [what, spec, expected] of rows)
  t.test(`counts what is allowed from ${what}`, async (t) => {
    const { budgets, statusOf } = await start(t)
    await budgets.create(budget('web', spec))
    await eventually(async () => (await statusOf('web')).observedGeneration === 1)
    t.match(await statusOf('web'), { currentHealthy: 2, expectedPods: 3, ...expected })
  })

t.test(
  'an eviction that was allowed counts until its pod is gone, or for two minutes',
  async (t) => {
    const { bench, clock, budgets, statusOf } = await start(t)
    await budgets.create(budget('web', { minAvailable: 1 }))
    await eventually(async () => (await statusOf('web')).disruptionsAllowed === 1)
    const allowed = await budgets.get('web')
    const disruptedPods = { a: '2026-11-21T12:00:00Z' }
    await budgets.updateStatus({
      ...allowed,
      status: { ...allowed.status, disruptionsAllowed: 0, disruptedPods },
    })
    await eventually(async () => (await statusOf('web')).currentHealthy === 1)
    t.match(await statusOf('web'), {
      disruptionsAllowed: 0,
      conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }],
    })
    await eventually(() => {
      clock.advance(60_000)
      return bench.told.some(({ reason }) => reason === 'NotDeleted')
    })
    await eventually(async () => (await statusOf('web')).disruptionsAllowed === 1)
  },
)

t.test('pods without a controller, or with one that has no scale, allow nothing', async (t) => {
  const { bench, own, budgets, statusOf } = await start(t)
  await budgets.create(budget('lone', { maxUnavailable: 1, selector: { matchLabels: { x: 'y' } } }))
  await own.create(pod('lone', { meta: { labels: { x: 'y' } } }))
  await eventually(() => bench.told.some(({ reason }) => reason === 'UnmanagedPods'))
  t.equal((await statusOf('lone')).disruptionsAllowed, 0)
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'd', controller: true }
  await own.create(pod('daemon', { meta: { labels: { x: 'y' }, ownerReferences: [owner] } }))
  await eventually(async () => (await statusOf('lone')).conditions?.[0]?.reason === 'SyncFailed')
  t.match((await statusOf('lone')).conditions, [
    { status: 'False', message: 'daemonsets.apps does not implement the scale subresource' },
  ])
})
