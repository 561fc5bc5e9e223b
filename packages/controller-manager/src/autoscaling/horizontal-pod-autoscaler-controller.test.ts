import t from 'tap'
import { deployments, horizontalPodAutoscalers, pods } from '@kemu/api'
import type { HorizontalPodAutoscalerV2 } from '@kemu/api'
import { eventually } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import type { Discovery } from '../discovery/discovery.ts'
import { HorizontalPodAutoscalerController } from './horizontal-pod-autoscaler-controller.ts'
import { metricFailure } from './metric-errors.ts'

const served = [deployments, pods].map((type) => ({ ...type, verbs: ['get', 'list', 'watch'] }))
const discovery = {
  served: async () => ({ resources: served, failures: [] }),
  close: () => {},
} as unknown as Discovery

const cpu = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } }

async function scaled(
  t: { teardown(end: () => Promise<void>): void },
  replicas: number,
  name = 'web',
): Promise<{ bench: Bench; status: () => Promise<HorizontalPodAutoscalerV2['status']> }> {
  const bench = new Bench()
  t.teardown(() => bench.close())
  // The transport in memory gives the object itself for its scale: replicas stand in the same place.
  await bench.client.resource(deployments, 'default').create({
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas, selector: {}, template: {} },
  })
  const autoscalers = bench.client.resource(horizontalPodAutoscalers, 'default')
  await autoscalers.create({
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    metadata: { name: 'h', namespace: 'default' },
    spec: {
      minReplicas: 2,
      maxReplicas: 4,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      metrics: [{ type: 'Resource', resource: cpu }],
    },
  })
  await bench.run(new HorizontalPodAutoscalerController(bench.deps, discovery, 20))
  return { bench, status: async () => (await autoscalers.get('h')).status }
}

async function replicasOf(bench: Bench): Promise<number | undefined> {
  return (await bench.client.resource(deployments, 'default').get('web')).spec.replicas
}

t.test('a workload outside its bounds is brought to the nearest', async (t) => {
  for (const [from, to, word] of [
    [9, 4, 'above Spec.MaxReplicas'],
    [1, 2, 'below Spec.MinReplicas'],
  ] as const) {
    const { bench } = await scaled(t, from)
    await eventually(async () => (await replicasOf(bench)) === to)
    const wanted = `New size: ${to}; reason: Current number of replicas ${word}`
    await eventually(() => bench.told.some(({ message }) => message === wanted))
    t.pass(wanted)
  }
})

t.test('between its bounds nothing can be measured, and it says so', async (t) => {
  const { bench, status } = await scaled(t, 3)
  const isUnmeasured = async (): Promise<boolean> =>
    ((await status())?.conditions ?? []).some(({ reason }) => reason === 'FailedGetResourceMetric')
  await eventually(isUnmeasured)
  t.match(await status(), { currentReplicas: 3, currentMetrics: [{ type: '' }] })
  t.equal(await replicasOf(bench), 3)
  t.ok(bench.told.some(({ reason }) => reason === 'FailedComputeMetricsReplicas'))
})

t.test('nothing is scaled that is off, or that is not there', async (t) => {
  const off = await scaled(t, 0)
  const has = async (status: typeof off.status, reason: string): Promise<boolean> =>
    ((await status())?.conditions ?? []).some((condition) => condition.reason === reason)
  await eventually(() => has(off.status, 'ScalingDisabled'))
  t.equal(await replicasOf(off.bench), 0)
  const missing = await scaled(t, 3, 'none')
  await eventually(() => has(missing.status, 'FailedGetScale'))
})

t.test('each kind of metric is missed in the words of its own API', (t) => {
  const selector = { matchLabels: { q: 'w' } }
  const external = { type: 'External', external: { metric: { name: 'queue', selector } } }
  t.equal(
    metricFailure(external, 'ns').message,
    'unable to get external metric ns/queue/&LabelSelector{MatchLabels:map[string]string{q: w,},' +
      'MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: ' +
      'the server could not find the requested resource (get queue.external.metrics.k8s.io)',
  )
  const own = { type: 'Pods', pods: { metric: { name: 'rps' } } }
  t.match(metricFailure(own, 'ns').message, /^unable to get metric rps: .* registered$/)
  t.end()
})
