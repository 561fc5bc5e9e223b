import type { Clock, Gauge, Histogram, MetricsRegistry } from '@kemu/base'
import type { Counter } from '@kemu/base'

/** 10 ns to 10 s, a decade each (component-base/metrics/prometheus/workqueue). */
const bounds = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10]

interface Families {
  readonly adds: Counter
  readonly depth: Gauge
  readonly retries: Counter
  readonly waited: Histogram
  readonly worked: Histogram
  readonly unfinished: Gauge
  readonly longest: Gauge
}

const familiesOf = new WeakMap<MetricsRegistry, Families>()

/** The metrics of one named queue, under upstream's names (workqueue_*). */
export class QueueMetrics {
  readonly #families: Families
  readonly #labels: readonly [string]
  readonly #clock: Clock
  readonly #addedAtMs = new Map<string, number>()
  readonly #startedAtMs = new Map<string, number>()

  constructor(name: string, registry: MetricsRegistry, clock: Clock) {
    this.#families = families(registry)
    this.#labels = [name]
    this.#clock = clock
    this.#families.depth.set(0, this.#labels)
  }

  added(key: string): void {
    if (this.#addedAtMs.has(key)) return
    this.#addedAtMs.set(key, this.#clock.monotonicMs())
    this.#families.adds.inc(this.#labels)
    this.#families.depth.set(this.#addedAtMs.size, this.#labels)
  }

  retried(): void {
    this.#families.retries.inc(this.#labels)
  }

  started(key: string): void {
    const nowMs = this.#clock.monotonicMs()
    const sinceMs = this.#addedAtMs.get(key) ?? nowMs
    this.#addedAtMs.delete(key)
    this.#families.waited.observe((nowMs - sinceMs) / 1000, this.#labels)
    this.#families.depth.set(this.#addedAtMs.size, this.#labels)
    this.#startedAtMs.set(key, nowMs)
  }

  finished(key: string): void {
    const nowMs = this.#clock.monotonicMs()
    this.#families.worked.observe((nowMs - this.#startedAtMs.get(key)!) / 1000, this.#labels)
    this.#startedAtMs.delete(key)
  }

  /** Brings the gauges of work in progress up to date; called before a scrape. */
  refresh(): void {
    const nowMs = this.#clock.monotonicMs()
    const spansMs = [...this.#startedAtMs.values()].map((sinceMs) => nowMs - sinceMs)
    const sumMs = spansMs.reduce((sum, ms) => sum + ms, 0)
    this.#families.unfinished.set(sumMs / 1000, this.#labels)
    this.#families.longest.set(Math.max(0, ...spansMs) / 1000, this.#labels)
  }
}

function families(registry: MetricsRegistry): Families {
  const known = familiesOf.get(registry)
  if (known) return known
  const labels = ['name']
  const made: Families = {
    adds: registry.counter('workqueue_adds_total', 'Adds handled by workqueue.', labels),
    depth: registry.gauge('workqueue_depth', 'Current depth of workqueue.', labels),
    retries: registry.counter('workqueue_retries_total', 'Retries handled by workqueue.', labels),
    waited: registry.histogram(
      'workqueue_queue_duration_seconds',
      'Seconds an item waits in the queue before it is taken.',
      bounds,
      labels,
    ),
    worked: registry.histogram(
      'workqueue_work_duration_seconds',
      'Seconds that work on an item takes.',
      bounds,
      labels,
    ),
    unfinished: registry.gauge(
      'workqueue_unfinished_work_seconds',
      'Seconds of work in progress that work_duration has not seen yet.',
      labels,
    ),
    longest: registry.gauge(
      'workqueue_longest_running_processor_seconds',
      'Seconds that the longest running processor has been at work.',
      labels,
    ),
  }
  familiesOf.set(registry, made)
  return made
}
