import type { Clock, Timer } from '@kemu/base'

export interface WorkQueueConfig<Key> {
  /** First pause after a failure of one key; doubles up to the longest (workqueue.DefaultControllerRateLimiter). */
  readonly failureMsMin?: number
  readonly failureMsMax?: number
  /** Told of each key that comes in, at once or after its delay, unless it waits already. */
  readonly onAdd?: (key: Key) => void
}

/**
 * Keys to work on, each at most once at a time. A key added while it is worked on comes again when it is done; added
 * while it waits, it stays one entry. Upstream counterpart: client-go util/workqueue.
 */
export class WorkQueue<Key> {
  readonly #clock: Clock
  readonly #failureMsMin: number
  readonly #failureMsMax: number
  readonly #onAdd: ((key: Key) => void) | undefined
  readonly #ready: Key[] = []
  readonly #dirty = new Set<Key>()
  readonly #processing = new Set<Key>()
  readonly #failures = new Map<Key, number>()
  readonly #delayed = new Map<Key, { atMs: number; timer: Timer }>()
  readonly #waiters: ((key: Key | undefined) => void)[] = []
  #closed = false

  constructor(clock: Clock, config: WorkQueueConfig<Key> = {}) {
    const { failureMsMin = 5, failureMsMax = 1_000_000, onAdd } = config
    this.#clock = clock
    this.#failureMsMin = failureMsMin
    this.#failureMsMax = failureMsMax
    this.#onAdd = onAdd
  }

  get length(): number {
    return this.#ready.length
  }

  add(key: Key): void {
    if (this.#closed || this.#dirty.has(key)) return
    this.#dirty.add(key)
    this.#onAdd?.(key)
    if (!this.#processing.has(key)) this.#offer(key)
  }

  /** Adds the key when the delay is over; an earlier appointment for it wins. */
  addAfter(key: Key, delayMs: number): void {
    if (this.#closed) return
    if (delayMs <= 0) return this.add(key)
    const atMs = this.#clock.monotonicMs() + delayMs
    const standing = this.#delayed.get(key)
    if (standing && standing.atMs <= atMs) return
    standing?.timer.cancel()
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#delayed.delete(key)
      this.add(key)
    })
    this.#delayed.set(key, { atMs, timer })
  }

  /** Adds the key after a pause that doubles with each failure in a row. */
  addRateLimited(key: Key): void {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.addAfter(key, Math.min(this.#failureMsMax, this.#failureMsMin * 2 ** failures))
  }

  failuresOf(key: Key): number {
    return this.#failures.get(key) ?? 0
  }

  /** Success: the next failure counts as the first. */
  forget(key: Key): void {
    this.#failures.delete(key)
  }

  /** The next key, or undefined when the queue is closed and empty. `done` must follow. */
  take(): Promise<Key | undefined> {
    const key = this.#ready.shift()
    if (key !== undefined) return Promise.resolve(this.#start(key))
    if (this.#closed) return Promise.resolve(undefined)
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  done(key: Key): void {
    this.#processing.delete(key)
    if (this.#dirty.has(key)) this.#offer(key)
  }

  close(): void {
    this.#closed = true
    for (const { timer } of this.#delayed.values()) timer.cancel()
    this.#delayed.clear()
    this.#ready.length = 0
    for (const waiter of this.#waiters.splice(0)) waiter(undefined)
  }

  #offer(key: Key): void {
    if (this.#closed) return
    const waiter = this.#waiters.shift()
    if (waiter) waiter(this.#start(key))
    else this.#ready.push(key)
  }

  #start(key: Key): Key {
    this.#dirty.delete(key)
    this.#processing.add(key)
    return key
  }
}
