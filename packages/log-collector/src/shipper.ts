import { Backoff } from '@kemu/base'
import type { Clock, Logger, Random, Timer } from '@kemu/base'
import { LogStoreUnavailable } from '@kemu/log-store'
import type { LogStore } from '@kemu/log-store'
import type { LogFile } from './log-file.ts'

export interface ShipperDeps {
  readonly store: LogStore
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** What the shipper asks of whoever finds the files. */
export interface OpenFiles {
  /** All that are open. */
  files(): Iterable<LogFile>
  /** A file that was removed is in the store to its end. */
  finished(file: LogFile): void
  /** Older lines of its folder are still being unpacked; the file is offered again after that. */
  mustWait(file: LogFile): boolean
  /** The file with this id is nowhere any more. */
  isGone(id: string): boolean
  /** Opens the compressed copies of finished files again of which the store has less than it had. */
  reopen(positions: ReadonlyMap<string, number>): void
}

/** A connection that is just being made is not worth a word. */
const failuresToTell = 3
const retry = { initialMs: 50, maxMs: 2000, jitter: 0.2 }

/**
 * Ships one batch at a time. Nothing is kept in memory but that batch: what is not in the store yet waits in the files,
 * so nothing grows while the store is away. After every doubt the store itself is asked how far each file is.
 */
export class Shipper {
  readonly #host: string
  readonly #open: OpenFiles
  readonly #deps: ShipperDeps
  readonly #backoff: Backoff
  /** Files that may have new lines, the one that waits longest first. */
  readonly #changed = new Set<LogFile>()
  /** Files that were given the position that the store has for them. */
  #placed = new WeakSet<LogFile>()
  #positions: ReadonlyMap<string, number> = new Map()
  #aligned = false
  #closed = false
  #wake: (() => void) | undefined
  /** In a row. */
  #failures = 0
  /** Waiting for the store: new lines change nothing. */
  #standsBack = false

  constructor(host: string, open: OpenFiles, deps: ShipperDeps) {
    this.#host = host
    this.#open = open
    this.#deps = deps
    this.#backoff = new Backoff(retry, deps.random)
    deps.store.onConnect(() => {
      this.#aligned = false
      this.#wake?.()
    })
  }

  /** This file may have new lines. */
  offer(file: LogFile): void {
    this.#changed.add(file)
    if (!this.#standsBack) this.#wake?.()
  }

  /** Ships until it is closed; resolves after the batch that was under way. */
  async run(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#step()
      } catch (error) {
        if (!(error instanceof LogStoreUnavailable)) throw error
        await this.#standBack(error)
      }
    }
  }

  close(): void {
    this.#closed = true
    this.#wake?.()
  }

  async #step(): Promise<void> {
    if (!this.#aligned) await this.#align()
    const [first] = this.#changed
    if (!first) return this.#wait()
    const file = this.#oldestBeside(first)
    this.#changed.delete(file)
    if (this.#open.mustWait(file)) return
    await this.#ship(file)
    if (this.#failures >= failuresToTell) this.#deps.logger.info('Shipping again')
    this.#failures = 0
    this.#backoff.reset()
  }

  /** Lines of one container go in the order in which they were written. */
  #oldestBeside(file: LogFile): LogFile {
    let oldest = file
    for (const other of this.#changed) {
      if (other.place.folder !== file.place.folder) continue
      if (other.isOlderThan(oldest)) oldest = other
    }
    return oldest
  }

  async #ship(file: LogFile): Promise<void> {
    if (!this.#placed.has(file) && file.id !== undefined) this.#place(file)
    const batch = file.read(new Date(this.#deps.clock.now()).toISOString())
    if (!batch) {
      if (file.isRemoved) await this.#finish(file)
      return
    }
    this.#changed.add(file) // behind the others
    const outcome = await this.#deps.store.append(batch)
    if (outcome.kind === 'appended') return file.moveTo(batch.to)
    this.#moveTo(file, outcome.position)
  }

  async #finish(file: LogFile): Promise<void> {
    const { id } = file
    this.#open.finished(file)
    if (id !== undefined && this.#open.isGone(id)) await this.#deps.store.forget(this.#host, [id])
  }

  /** What the store has counts: an append whose answer was lost may be in it, and writes that were there may be not. */
  async #align(): Promise<void> {
    this.#aligned = true
    this.#positions = await this.#deps.store.positions(this.#host)
    this.#placed = new WeakSet()
    this.#open.reopen(this.#positions)
    for (const file of this.#open.files()) this.#changed.add(file)
    const gone = [...this.#positions.keys()].filter((id) => this.#open.isGone(id))
    await this.#deps.store.forget(this.#host, gone)
  }

  #place(file: LogFile): void {
    this.#placed.add(file)
    const position = this.#positions.get(file.id!) ?? 0
    this.#moveTo(file, position)
  }

  #moveTo(file: LogFile, position: number): void {
    if (position < file.offset)
      this.#deps.logger.warn('The store lost lines; they are shipped again with a mark', {
        file: file.place.path,
        position,
        shipped: file.offset,
      })
    file.moveTo(position)
  }

  async #standBack(error: LogStoreUnavailable): Promise<void> {
    this.#aligned = false
    this.#failures += 1
    if (this.#failures === failuresToTell)
      this.#deps.logger.warn('Cannot ship; the lines wait in their files', {
        reason: error.message,
      })
    this.#standsBack = true
    await this.#wait(this.#backoff.nextMs())
    this.#standsBack = false
  }

  /** Until something changes, or the time is up. */
  #wait(limitMs?: number): Promise<void> {
    if (this.#closed) return Promise.resolve()
    return new Promise((resolve) => {
      let timer: Timer | undefined
      this.#wake = () => {
        timer?.cancel()
        this.#wake = undefined
        resolve()
      }
      if (limitMs !== undefined) timer = this.#deps.clock.setTimer(limitMs, this.#wake)
    })
  }
}
