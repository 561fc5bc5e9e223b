import { readdirSync, readFileSync } from 'node:fs'

/** Label values in the order of the label names that the metric was made with. */
type Labels = readonly string[]

interface Metric {
  expose(): string
}

/** Prometheus metrics in the text format 0.0.4. Names and labels equal upstream's, so existing dashboards work. */
export class MetricsRegistry {
  readonly #metrics = new Map<string, Metric>()

  counter(name: string, help: string, labelNames: Labels = []): Counter {
    return this.#add(name, new Counter(name, help, labelNames))
  }

  gauge(name: string, help: string, labelNames: Labels = []): Gauge {
    return this.#add(name, new Gauge(name, help, labelNames))
  }

  /** A gauge whose value is asked for at each scrape. */
  gaugeFrom(name: string, help: string, read: () => number): void {
    const expose = (): string => `${header(name, help, 'gauge')}${name} ${read()}\n`
    this.#add(name, { expose })
  }

  /** A counter whose value is kept elsewhere and asked for at each scrape. */
  counterFrom(name: string, help: string, read: () => number): void {
    this.samplesFrom('counter', name, help, [], () => [{ labels: [], value: read() }])
  }

  /** Several values of one name, asked for at each scrape; labels in the order of their names. */
  samplesFrom(
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    labelNames: Labels,
    read: () => readonly { readonly labels: Labels; readonly value: number }[],
  ): void {
    const expose = (): string => {
      const lines = read().map(
        ({ labels, value }) => `${name}${labelText(labelNames, labels)} ${value}\n`,
      )
      return header(name, help, type) + lines.join('')
    }
    this.#add(name, { expose })
  }

  histogram(
    name: string,
    help: string,
    bucketBounds: readonly number[],
    labelNames: Labels = [],
  ): Histogram {
    return this.#add(name, new Histogram(name, help, bucketBounds, labelNames))
  }

  /** All metrics as one scrape answer; its content type is `text/plain; version=0.0.4`. */
  expose(): string {
    return [...this.#metrics.values()].map((metric) => metric.expose()).join('')
  }

  #add<T extends Metric>(name: string, metric: T): T {
    if (this.#metrics.has(name)) throw new Error(`metric ${name} is registered twice`)
    this.#metrics.set(name, metric)
    return metric
  }
}

class Samples {
  readonly name: string
  readonly help: string
  readonly labelNames: Labels
  protected readonly values = new Map<string, { labels: Labels; value: number }>()

  constructor(name: string, help: string, labelNames: Labels) {
    this.name = name
    this.help = help
    this.labelNames = labelNames
    if (labelNames.length === 0) this.at([]).value = 0
  }

  protected at(labels: Labels): { labels: Labels; value: number } {
    const key = labels.join('\u0000')
    let sample = this.values.get(key)
    if (!sample) this.values.set(key, (sample = { labels, value: 0 }))
    return sample
  }

  protected exposeAs(type: 'counter' | 'gauge'): string {
    const lines = [...this.values.values()].map(
      (s) => `${this.name}${labelText(this.labelNames, s.labels)} ${s.value}\n`,
    )
    return header(this.name, this.help, type) + lines.join('')
  }
}

/** A number that only grows. */
export class Counter extends Samples {
  inc(labels: Labels = [], by = 1): void {
    this.at(labels).value += by
  }

  expose(): string {
    return this.exposeAs('counter')
  }
}

export class Gauge extends Samples {
  set(value: number, labels: Labels = []): void {
    this.at(labels).value = value
  }

  add(by: number, labels: Labels = []): void {
    this.at(labels).value += by
  }

  remove(labels: Labels): void {
    this.values.delete(labels.join('\u0000'))
  }

  expose(): string {
    return this.exposeAs('gauge')
  }
}

/** Cumulative buckets; `observe` takes the unit that the metric's name ends with (seconds, bytes). */
export class Histogram {
  readonly #name: string
  readonly #help: string
  readonly #bounds: readonly number[]
  readonly #labelNames: Labels
  readonly #series = new Map<
    string,
    { labels: Labels; counts: number[]; sum: number; count: number }
  >()

  constructor(name: string, help: string, bucketBounds: readonly number[], labelNames: Labels) {
    this.#name = name
    this.#help = help
    this.#bounds = bucketBounds
    this.#labelNames = labelNames
  }

  observe(value: number, labels: Labels = []): void {
    const key = labels.join('\u0000')
    let series = this.#series.get(key)
    if (!series) {
      series = { labels, counts: this.#bounds.map(() => 0), sum: 0, count: 0 }
      this.#series.set(key, series)
    }
    const bucket = this.#bounds.findIndex((bound) => value <= bound)
    if (bucket >= 0) series.counts[bucket]! += 1
    series.sum += value
    series.count += 1
  }

  expose(): string {
    const lines = [...this.#series.values()].map((series) => this.#exposeSeries(series))
    return header(this.#name, this.#help, 'histogram') + lines.join('')
  }

  #exposeSeries(series: { labels: Labels; counts: number[]; sum: number; count: number }): string {
    const names = [...this.#labelNames, 'le']
    let cumulative = 0
    const buckets = this.#bounds.map((bound, i) => {
      cumulative += series.counts[i]!
      return `${this.#name}_bucket${labelText(names, [...series.labels, String(bound)])} ${cumulative}\n`
    })
    const plain = labelText(this.#labelNames, series.labels)
    return [
      ...buckets,
      `${this.#name}_bucket${labelText(names, [...series.labels, '+Inf'])} ${series.count}\n`,
      `${this.#name}_sum${plain} ${series.sum}\n`,
      `${this.#name}_count${plain} ${series.count}\n`,
    ].join('')
  }
}

/** The metrics that every Prometheus client library gives of its process. */
export function registerProcessMetrics(registry: MetricsRegistry): void {
  registry.gaugeFrom(
    'process_virtual_memory_bytes',
    'Virtual memory size in bytes.',
    () => memoryPages() * pageBytes,
  )
  registry.gaugeFrom('process_open_fds', 'Number of open file descriptors.', openFiles)
  registry.gaugeFrom('process_max_fds', 'Maximum number of open file descriptors.', openFilesMax)
  const startSeconds = (performance.timeOrigin / 1000).toFixed(3)
  registry.gaugeFrom('process_start_time_seconds', 'Start time since the epoch in seconds.', () =>
    Number(startSeconds),
  )
  registry.gaugeFrom('process_resident_memory_bytes', 'Resident memory size in bytes.', () =>
    process.memoryUsage.rss(),
  )
  registry.counterFrom(
    'process_cpu_seconds_total',
    'User and system CPU time spent in seconds.',
    () => {
      const usage = process.cpuUsage()
      return (usage.user + usage.system) / 1e6
    },
  )
}

const pageBytes = 4096

function memoryPages(): number {
  return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[0])
}

/** Files and sockets that this process has open. */
export function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

/** How many it may have open; as Go's client says it where there is no limit. */
export function openFilesMax(): number {
  const limit = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return limit === undefined || limit === 'unlimited' ? 2 ** 64 : Number(limit)
}

function header(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
}

function labelText(names: Labels, values: Labels): string {
  if (names.length === 0) return ''
  return `{${names.map((name, i) => `${name}="${escapeLabel(values[i] ?? '')}"`).join(',')}}`
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
