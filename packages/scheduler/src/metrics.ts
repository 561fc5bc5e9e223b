import type { Counter, Histogram, MetricsRegistry } from '@kemu/base'

export interface SchedulerSizes {
  readonly active: number
  readonly backoff: number
  readonly unschedulable: number
  readonly gated: number
  readonly podCount: number
  readonly nodeCount: number
  readonly assumedCount: number
}

const profile = 'default-scheduler'
/** 1 ms doubling 15 times, as upstream's scheduling histograms. */
const bounds = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i)

/** The scheduler's metrics under upstream's names. */
export class SchedulerMetrics {
  readonly #attempts: Counter
  readonly #attemptDuration: Histogram
  readonly #algorithmDuration: Histogram
  readonly #podDuration: Histogram
  readonly #podAttempts: Histogram

  constructor(registry: MetricsRegistry) {
    const labels = ['result', 'profile']
    this.#attempts = registry.counter(
      'scheduler_schedule_attempts_total',
      'Number of attempts to schedule pods, by the result.',
      labels,
    )
    this.#attemptDuration = registry.histogram(
      'scheduler_scheduling_attempt_duration_seconds',
      'Scheduling attempt latency in seconds (scheduling algorithm + binding).',
      bounds,
      labels,
    )
    this.#algorithmDuration = registry.histogram(
      'scheduler_scheduling_algorithm_duration_seconds',
      'Scheduling algorithm latency in seconds.',
      bounds,
    )
    this.#podDuration = registry.histogram(
      'scheduler_pod_scheduling_sli_duration_seconds',
      'E2e latency for a pod being scheduled, from the time it enters the queue, over all attempts.',
      [...bounds, 32, 64, 128, 256, 512],
      ['attempts'],
    )
    this.#podAttempts = registry.histogram(
      'scheduler_pod_scheduling_attempts',
      'Number of attempts to successfully schedule a pod.',
      [1, 2, 4, 8, 16],
    )
  }

  cycleTook(ms: number): void {
    this.#algorithmDuration.observe(ms / 1000)
  }

  scheduled(attemptMs: number, podMs: number, attempts: number): void {
    const labels = ['scheduled', profile]
    this.#attempts.inc(labels)
    this.#attemptDuration.observe(attemptMs / 1000, labels)
    this.#podDuration.observe(podMs / 1000, [String(Math.min(attempts, 16))])
    this.#podAttempts.observe(attempts)
  }

  failed(result: 'unschedulable' | 'error'): void {
    this.#attempts.inc([result, profile])
  }
}

/** Gauges of what is in the queue and the cache; the returned function brings them up to date before a scrape. */
export function sizeGauges(registry: MetricsRegistry, read: () => SchedulerSizes): () => void {
  const pending = registry.gauge(
    'scheduler_pending_pods',
    'Number of pending pods, by the queue type.',
    ['queue'],
  )
  const cached = registry.gauge(
    'scheduler_cache_size',
    'Number of nodes, pods, and assumed (bound) pods in the scheduler cache.',
    ['type'],
  )
  return () => {
    const sizes = read()
    for (const queue of ['active', 'backoff', 'unschedulable', 'gated'] as const)
      pending.set(sizes[queue], [queue])
    cached.set(sizes.nodeCount, ['nodes'])
    cached.set(sizes.podCount, ['pods'])
    cached.set(sizes.assumedCount, ['assumed_pods'])
  }
}
