import t from 'tap'
import type { HorizontalPodAutoscalerV2 } from '../../../generated/types.ts'
import { toNewer, toOlder } from './conversion.ts'
import { describeMetrics } from './metrics-column.ts'

const metrics = [
  {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
  },
  {
    type: 'Pods',
    pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '1k' } },
  },
  {
    type: 'Object',
    object: {
      describedObject: { kind: 'Service', name: 's', apiVersion: 'v1' },
      metric: { name: 'hits' },
      target: { type: 'Value', value: '2k' },
    },
  },
]
const newer = {
  kind: 'HorizontalPodAutoscaler',
  apiVersion: 'autoscaling/v2',
  metadata: { name: 'h', annotations: { own: 'kept' } },
  spec: {
    minReplicas: 1,
    maxReplicas: 3,
    scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
    metrics,
    behavior: { scaleDown: { selectPolicy: 'Disabled' } },
  },
  status: {
    currentReplicas: 2,
    desiredReplicas: 2,
    currentMetrics: null,
    conditions: [{ type: 'AbleToScale', status: 'True' }],
  },
} as unknown as HorizontalPodAutoscalerV2

t.test('what version 1 has no fields for stands in annotations', async (t) => {
  const older = toOlder(newer)
  t.equal(older.spec.targetCPUUtilizationPercentage, 70)
  const annotations = older.metadata.annotations ?? {}
  t.strictSame(JSON.parse(annotations['autoscaling.alpha.kubernetes.io/metrics']!), [
    { type: 'Pods', pods: { metricName: 'rps', targetAverageValue: '1k' } },
    {
      type: 'Object',
      object: {
        target: { kind: 'Service', name: 's', apiVersion: 'v1' },
        metricName: 'hits',
        targetValue: '2k',
      },
    },
  ])
  t.equal(annotations['own'], 'kept')
})

t.test('there and back nothing is lost; the CPU comes last', async (t) => {
  const back = toNewer(toOlder(newer))
  const { metrics: again, ...rest } = back.spec
  const { metrics: before, ...wanted } = newer.spec
  t.same(rest, wanted)
  t.same(again, [...before!.slice(1), before![0]])
  t.same(back.metadata, newer.metadata)
  t.same(back.status, newer.status)
})

t.test('a new autoscaler of version 1 has a zero that version 2 leaves out', async (t) => {
  const older = { ...toOlder(newer), status: { currentReplicas: 0, desiredReplicas: 0 } }
  t.same(toNewer(older).status, {
    currentMetrics: null,
    desiredReplicas: 0,
    conditions: newer.status.conditions,
  })
})

t.test('conditions stand in the annotation in the order of their fields', async (t) => {
  const condition = {
    type: 'AbleToScale',
    status: 'True',
    reason: 'SucceededGetScale',
    message: 'm',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  const status = { ...newer.status, conditions: [condition] }
  t.equal(
    toOlder({ ...newer, status }).metadata.annotations?.[
      'autoscaling.alpha.kubernetes.io/conditions'
    ],
    '[{"type":"AbleToScale","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z",' +
      '"reason":"SucceededGetScale","message":"m"}]',
  )
})

t.test('a broken annotation says nothing', async (t) => {
  const older = toOlder(newer)
  older.metadata.annotations = { 'autoscaling.alpha.kubernetes.io/metrics': '[{' }
  t.same(toNewer(older).spec.metrics, [metrics[0]])
})

t.test('the first two metrics are shown', async (t) => {
  t.equal(describeMetrics(metrics, []), 'cpu: <unknown>/70%, <unknown>/1k + 1 more...')
  t.equal(describeMetrics([], []), '<none>')
})
