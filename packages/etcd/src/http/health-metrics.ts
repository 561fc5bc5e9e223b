import type { Counter, Gauge, MetricsRegistry } from '@kemu/base'

/** How the health checks came out. */
export class HealthMetrics {
  readonly #successes: Counter
  readonly #failures: Counter
  readonly #results: Gauge
  readonly #checks: Counter

  constructor(registry: MetricsRegistry) {
    this.#successes = registry.counter(
      'etcd_server_health_success',
      'The total number of successful health checks',
    )
    this.#failures = registry.counter(
      'etcd_server_health_failures',
      'The total number of failed health checks',
    )
    this.#results = registry.gauge(
      'etcd_server_healthcheck',
      'The result of each kind of healthcheck.',
      ['type', 'name'],
    )
    this.#checks = registry.counter(
      'etcd_server_healthchecks_total',
      'The total number of each kind of healthcheck.',
      ['type', 'name', 'status'],
    )
  }

  /** /health */
  note(isHealthy: boolean): void {
    ;(isHealthy ? this.#successes : this.#failures).inc()
  }

  /** One check of /livez or /readyz. */
  noteCheck(type: string, name: string, isHealthy: boolean): void {
    this.#results.set(Number(isHealthy), [type, name])
    this.#checks.inc([type, name, isHealthy ? 'success' : 'error'])
  }
}
