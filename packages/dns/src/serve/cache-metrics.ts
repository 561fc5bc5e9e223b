import type { Counter, Gauge, MetricsRegistry } from '@kemu/base'

/** The cache's metrics under CoreDNS's names. */
export interface CacheMetrics {
  readonly entries: Gauge
  readonly hits: Counter
  readonly misses: Counter
  readonly requests: Counter
}

const made = new WeakMap<MetricsRegistry, CacheMetrics>()

export function cacheMetrics(registry: MetricsRegistry): CacheMetrics {
  let metrics = made.get(registry)
  if (!metrics) made.set(registry, (metrics = register(registry)))
  return metrics
}

function register(registry: MetricsRegistry): CacheMetrics {
  const plain = ['server', 'zones', 'view']
  const typed = ['server', 'type', 'zones', 'view']
  return {
    entries: registry.gauge('coredns_cache_entries', 'Answers that are kept.', typed),
    hits: registry.counter('coredns_cache_hits_total', 'Queries answered from the cache.', typed),
    misses: registry.counter('coredns_cache_misses_total', 'Queries not in the cache.', plain),
    requests: registry.counter('coredns_cache_requests_total', 'Queries that asked it.', plain),
  }
}
