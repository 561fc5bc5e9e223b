import type { Clock, Counter, Gauge, Histogram, MetricsRegistry } from '@kemu/base'

/** 10 ns to 10 s, a decade each (component-base/metrics/prometheus/workqueue). */
const bounds = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10]

interface Families {
  readonly adds: Counter
  readonly depth: Gauge
  readonly retries: Counter
  readonly waited: Histogram
  readonly worked: Histogram
  /** Those whose work in progress is asked for at each scrape. */
  readonly queues: QueueMetrics[]
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
    this.#families.queues.push(this)
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

  /** One sample of `combine` over the ages of the work in progress. */
  sampleOf(combine: (spansMs: readonly number[]) => number) {
    const nowMs = this.#clock.monotonicMs()
    const spansMs = [...this.#startedAtMs.values()].map((sinceMs) => nowMs - sinceMs)
    return { labels: this.#labels, value: combine(spansMs) / 1000 }
  }
}

function families(registry: MetricsRegistry): Families {
  const known = familiesOf.get(registry)
  if (known) return known
  const labels = ['name']
  const queues: QueueMetrics[] = []
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
    queues,
  }
  registry.samplesFrom(
    'gauge',
    'workqueue_unfinished_work_seconds',
    'Seconds of work in progress that work_duration has not seen yet.',
    labels,
    () => queues.map((queue) => queue.sampleOf((spans) => spans.reduce((sum, ms) => sum + ms, 0))),
  )
  registry.samplesFrom(
    'gauge',
    'workqueue_longest_running_processor_seconds',
    'Seconds that the longest running processor has been at work.',
    labels,
    () => queues.map((queue) => queue.sampleOf((spans) => Math.max(0, ...spans))),
  )
  familiesOf.set(registry, made)
  return made
}
