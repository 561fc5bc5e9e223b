import { MetricsRegistry, registerProcessMetrics } from '@kemu/base'
import type { Counter, Gauge, Histogram } from '@kemu/base'

/** Upstream: ExponentialBuckets(0.001, 2, 15). */
const syncBuckets = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i)
/** Upstream's merged buckets of network_programming_duration_seconds: 0.25 s to 5 min. */
const programmingBuckets = [
  0.25,
  0.5,
  ...Array.from({ length: 59 }, (_, i) => 1 + i),
  ...Array.from({ length: 12 }, (_, i) => 60 + 5 * i),
  ...Array.from({ length: 7 }, (_, i) => 120 + 30 * i),
]

/** Metrics under upstream's names (pkg/proxy/metrics). */
export interface ProxyMetrics {
  readonly registry: MetricsRegistry
  readonly syncDuration: Histogram
  readonly lastSync: Gauge
  readonly lastQueued: Gauge
  readonly networkProgramming: Histogram
  readonly serviceChanges: Counter
  readonly endpointChanges: Counter
  readonly serviceChangesPending: Gauge
  readonly endpointChangesPending: Gauge
  readonly withoutLocalEndpoints: Gauge
  /** By ip_family. */
  readonly nftablesSyncFailures: Counter
  readonly nftablesCleanupFailures: Counter
  readonly healthz: Counter
  readonly livez: Counter
}

export function createMetrics(): ProxyMetrics {
  const registry = new MetricsRegistry()
  registerProcessMetrics(registry)
  const name = (rest: string): string => `kubeproxy_${rest}`
  const counter = (rest: string, help: string, labels?: string[]): Counter =>
    registry.counter(name(rest), help, labels)
  const gauge = (rest: string, help: string, labels?: string[]): Gauge =>
    registry.gauge(name(rest), help, labels)
  const histogram = (rest: string, help: string, bounds: number[]): Histogram =>
    registry.histogram(name(rest), help, bounds)
  return {
    registry,
    syncDuration: histogram(
      'sync_proxy_rules_duration_seconds',
      'Time that one synchronisation took.',
      syncBuckets,
    ),
    networkProgramming: histogram(
      'network_programming_duration_seconds',
      "Time from the endpoints' change to its effect on this node.",
      programmingBuckets,
    ),
    lastSync: gauge('sync_proxy_rules_last_timestamp_seconds', 'When the last one ended.'),
    lastQueued: gauge(
      'sync_proxy_rules_last_queued_timestamp_seconds',
      'When the last one was asked for.',
    ),
    serviceChanges: counter('sync_proxy_rules_service_changes_total', 'Changes of services seen.'),
    endpointChanges: counter(
      'sync_proxy_rules_endpoint_changes_total',
      'Changes of endpoint slices seen.',
    ),
    serviceChangesPending: gauge(
      'sync_proxy_rules_service_changes_pending',
      'Changes of services not yet in effect.',
    ),
    endpointChangesPending: gauge(
      'sync_proxy_rules_endpoint_changes_pending',
      'Changes of endpoint slices not yet in effect.',
    ),
    withoutLocalEndpoints: gauge(
      'sync_proxy_rules_no_local_endpoints_total',
      'Service ports with a Local traffic policy and no endpoint on this node.',
      ['traffic_policy'],
    ),
    nftablesSyncFailures: counter(
      'sync_proxy_rules_nftables_sync_failures_total',
      'Transactions that nft refused.',
      ['ip_family'],
    ),
    nftablesCleanupFailures: counter(
      'sync_proxy_rules_nftables_cleanup_failures_total',
      'Deletions of stale chains that nft refused.',
      ['ip_family'],
    ),
    healthz: counter('proxy_healthz_total', 'Answers of /healthz by code.', ['code']),
    livez: counter('proxy_livez_total', 'Answers of /livez by code.', ['code']),
  }
}
