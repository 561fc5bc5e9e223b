import { MetricsRegistry } from '@kemu/base'
import type { Prober } from '../prober/prober.ts'
import type { ProbeKind } from '../status/probe-status.ts'
import type { ProbeVerdict } from '../sync/pod-actions.ts'

const types: Record<ProbeKind, string> = {
  startup: 'Startup',
  readiness: 'Readiness',
  liveness: 'Liveness',
}

const results: Record<ProbeVerdict, string> = {
  success: 'successful',
  failure: 'failed',
  unknown: 'unknown',
}

/** /metrics/probes, as upstream names it; a result that a probe never had is left out. */
export function probeMetrics(prober: Pick<Prober, 'counted'>): string {
  const registry = new MetricsRegistry()
  registry.samplesFrom(
    'counter',
    'prober_probe_total',
    '[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.',
    ['container', 'namespace', 'pod', 'pod_uid', 'probe_type', 'result'],
    () =>
      prober.counted().flatMap(({ pod, container, kind, counts }) => {
        const { namespace = '', name, uid } = pod.metadata
        const verdicts = Object.keys(results) as ProbeVerdict[]
        return verdicts
          .filter((verdict) => counts[verdict] > 0)
          .map((verdict) => ({
            labels: [container, namespace, name, uid, types[kind], results[verdict]],
            value: counts[verdict],
          }))
      }),
  )
  return registry.expose()
}
