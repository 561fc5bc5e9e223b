import t from 'tap'
import type { Pod } from '@kemu/api'
import { probeMetrics } from './probe-metrics.ts'

t.test(
  'probes are counted by container, type and result; what never came is left out',
  async (t) => {
    const metadata = { name: 'web', namespace: 'shop', uid: 'u1' }
    const pod = { metadata } as Pod
    const text = probeMetrics({
      counted: () => [
        { pod, container: 'c', kind: 'readiness', counts: { success: 3, failure: 1, unknown: 0 } },
      ],
    })
    const where = 'container="c",namespace="shop",pod="web",pod_uid="u1",probe_type="Readiness"'
    t.same(text.split('\n').slice(1), [
      '# TYPE prober_probe_total counter',
      `prober_probe_total{${where},result="successful"} 3`,
      `prober_probe_total{${where},result="failed"} 1`,
      '',
    ])
  },
)
