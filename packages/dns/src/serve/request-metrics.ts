import type { Counter, Histogram, MetricsRegistry } from '@kemu/base'

/** The metrics that every server block counts together, under CoreDNS's names. */
export interface RequestMetrics {
  readonly requests: Counter
  readonly responses: Counter
  readonly duration: Histogram
  readonly panics: Counter
}

/** Prometheus' ExponentialBuckets(0.00025, 2, 16): 0.25 ms to 8 s. */
const timeBuckets = Array.from({ length: 16 }, (_, i) => 0.00025 * 2 ** i)
const made = new WeakMap<MetricsRegistry, RequestMetrics>()

export function requestMetrics(registry: MetricsRegistry): RequestMetrics {
  let metrics = made.get(registry)
  if (!metrics) made.set(registry, (metrics = register(registry)))
  return metrics
}

function register(registry: MetricsRegistry): RequestMetrics {
  return {
    requests: registry.counter('coredns_dns_requests_total', 'Queries by kind.', [
      'server',
      'zone',
      'view',
      'proto',
      'family',
      'type',
    ]),
    responses: registry.counter('coredns_dns_responses_total', 'Answers by code.', [
      'server',
      'zone',
      'view',
      'rcode',
      'plugin',
    ]),
    duration: registry.histogram(
      'coredns_dns_request_duration_seconds',
      'Time that each query took.',
      timeBuckets,
      ['server', 'zone', 'view'],
    ),
    panics: registry.counter('coredns_panics_total', 'Queries that broke a plugin.'),
  }
}
