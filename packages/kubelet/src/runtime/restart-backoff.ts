import type { Clock } from '@kemu/base'

export interface RestartBackoffConfig {
  readonly initialMs: number
  readonly maxMs: number
}

interface Entry {
  backoffMs: number
  updatedAtMs: number
}

/**
 * Pauses by key that double with each failure and are forgotten after twice the longest pause
 * without one. Times are wall times. Upstream: client-go flowcontrol.Backoff; 10 s to 300 s for
 * containers and images of the kubelet.
 */
export class RestartBackoff {
  readonly #clock: Clock
  readonly #config: RestartBackoffConfig
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock, config: RestartBackoffConfig) {
    this.#clock = clock
    this.#config = config
  }

  get(key: string): number {
    return this.#entries.get(key)?.backoffMs ?? 0
  }

  /** Counts a failure that happened then. */
  next(key: string, atMs: number): void {
    const entry = this.#entries.get(key)
    const { initialMs, maxMs } = this.#config
    const backoffMs =
      !entry || this.#expired(entry, atMs) ? initialMs : Math.min(maxMs, entry.backoffMs * 2)
    this.#entries.set(key, { backoffMs, updatedAtMs: this.#clock.now() })
  }

  /** Must what failed then still wait? */
  isWaitingSince(key: string, atMs: number): boolean {
    const entry = this.#entries.get(key)
    if (!entry || this.#expired(entry, atMs)) return false
    return this.#clock.now() - atMs < entry.backoffMs
  }

  /** The same counted from the last failure that was noted. */
  isWaiting(key: string): boolean {
    const entry = this.#entries.get(key)
    return entry ? this.#clock.now() - entry.updatedAtMs < entry.backoffMs : false
  }

  /** How much of the wait is left, in milliseconds. */
  leftMs(key: string): number {
    const entry = this.#entries.get(key)
    return entry ? Math.max(0, entry.updatedAtMs + entry.backoffMs - this.#clock.now()) : 0
  }

  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key)
  }

  #expired(entry: Entry, atMs: number): boolean {
    return atMs - entry.updatedAtMs > this.#config.maxMs * 2
  }
}
