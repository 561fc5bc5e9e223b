import type { LogLine, LogSource } from '../log-line.ts'
import type { AppendOutcome, LogBatch, LogReader, LogStore, StoredLine } from '../log-store.ts'
import { streamName } from '../stream-name.ts'

/** The contract in its simplest form. */
export class MemoryLogStore implements LogStore, LogReader {
  readonly #positions = new Map<string, Map<string, number>>()
  readonly #listeners: (() => void)[] = []
  readonly #streams = new Map<string, { source: LogSource; entries: StoredLine[] }>()

  append(batch: LogBatch): Promise<AppendOutcome> {
    const positions = this.#of(batch.host)
    const position = positions.get(batch.file) ?? 0
    if (position !== batch.from) return Promise.resolve({ kind: 'elsewhere', position })
    const { entries } = this.#stream(batch.source)
    // As if each line had come when it was written.
    for (const line of batch.lines)
      entries.push({ id: `${Date.parse(line.time)}-${entries.length + 1}`, line })
    positions.set(batch.file, batch.to)
    return Promise.resolve({ kind: 'appended' })
  }

  positions(host: string): Promise<ReadonlyMap<string, number>> {
    return Promise.resolve(new Map(this.#of(host)))
  }

  forget(host: string, files: readonly string[]): Promise<void> {
    for (const file of files) this.#of(host).delete(file)
    return Promise.resolve()
  }

  onConnect(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Tells the listeners, as a store does that is there again. */
  reconnect(): void {
    for (const listener of this.#listeners) listener()
  }

  sources(): Promise<LogSource[]> {
    return Promise.resolve([...this.#streams.values()].map(({ source }) => source))
  }

  lines(source: LogSource, from: string, count: number): Promise<StoredLine[]> {
    const entries = this.#streams.get(streamName(source))?.entries ?? []
    return Promise.resolve(entries.filter(({ id }) => isFrom(id, from)).slice(0, count))
  }

  /** A copy that later changes do not reach: what a store that loses its newest writes goes back to. */
  snapshot(): () => void {
    const positions = [...this.#positions].map(([host, of]) => [host, new Map(of)] as const)
    const streams = [...this.#streams].map(
      ([name, { source, entries }]) => [name, { source, entries: [...entries] }] as const,
    )
    return () => {
      this.#positions.clear()
      for (const [host, of] of positions) this.#positions.set(host, new Map(of))
      this.#streams.clear()
      for (const [name, { source, entries }] of streams)
        this.#streams.set(name, { source, entries: [...entries] })
    }
  }

  /** Every line of a source, oldest first. */
  all(source: LogSource): LogLine[] {
    return this.#streams.get(streamName(source))?.entries.map(({ line }) => line) ?? []
  }

  #of(host: string): Map<string, number> {
    const known = this.#positions.get(host) ?? new Map<string, number>()
    this.#positions.set(host, known)
    return known
  }

  #stream(source: LogSource): { entries: StoredLine[] } {
    const name = streamName(source)
    const known = this.#streams.get(name) ?? { source, entries: [] }
    this.#streams.set(name, known)
    return known
  }
}

/** Redis's order of ids: milliseconds, then a number; a bare time means its first id. */
function isFrom(id: string, from: string): boolean {
  if (from === '-') return true
  const [ms, serial] = numbersOf(id)
  const [fromMs, fromSerial] = numbersOf(from.replace('(', ''))
  if (ms !== fromMs) return ms > fromMs
  return from.startsWith('(') ? serial > fromSerial : serial >= fromSerial
}

function numbersOf(id: string): [ms: number, serial: number] {
  const [ms, serial] = id.split('-')
  return [Number(ms), Number(serial ?? 0)]
}
