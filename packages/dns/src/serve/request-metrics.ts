import type { Counter, Gauge, Histogram, MetricsRegistry } from '@kemu/base'

/** The metrics that every server block counts together, under CoreDNS's names. */
export interface RequestMetrics {
  readonly requests: Counter
  readonly responses: Counter
  readonly duration: Histogram
  readonly panics: Counter
  readonly reloadFailures: Counter
  /** Always 1; its labels say what is emulated. */
  readonly build: Gauge
  /** 1 for each plugin of each server block. */
  readonly enabled: Gauge
}

/** Prometheus' ExponentialBuckets(0.00025, 2, 16): 0.25 ms to 8 s. */
export const timeBuckets = Array.from({ length: 16 }, (_, i) => 0.00025 * 2 ** i)
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
    reloadFailures: registry.counter(
      'coredns_reload_failed_total',
      'Changed Corefiles that could not be used.',
    ),
    build: registry.gauge('coredns_build_info', 'What is emulated.', [
      'goversion',
      'revision',
      'version',
    ]),
    enabled: registry.gauge('coredns_plugin_enabled', 'Plugins by server block.', [
      'server',
      'zone',
      'view',
      'name',
    ]),
    panics: registry.counter('coredns_panics_total', 'Queries that broke a plugin.'),
  }
}
