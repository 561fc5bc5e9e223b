import type { Counter, Histogram, MetricsRegistry } from '@kemu/base'
import { timeBuckets } from './request-metrics.ts'

/** What the forward plugins of all server blocks count together, under CoreDNS's names. */
export interface ForwardMetrics {
  /** Queries that came while max_concurrent others were under way. */
  readonly rejects: Counter
  /** Time of each exchange by proxy_name, to and rcode. */
  readonly duration: Histogram
}

const made = new WeakMap<MetricsRegistry, ForwardMetrics>()

export function forwardMetrics(registry: MetricsRegistry): ForwardMetrics {
  let metrics = made.get(registry)
  if (!metrics) made.set(registry, (metrics = register(registry)))
  return metrics
}

function register(registry: MetricsRegistry): ForwardMetrics {
  return {
    rejects: registry.counter(
      'coredns_forward_max_concurrent_rejects_total',
      'Queries refused because too many others were under way.',
    ),
    duration: registry.histogram(
      'coredns_proxy_request_duration_seconds',
      'Time that each exchange with an upstream server took.',
      timeBuckets,
      ['proxy_name', 'to', 'rcode'],
    ),
  }
}
