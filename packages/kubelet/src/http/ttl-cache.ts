import type { Clock } from '@kemu/base'

interface Entry<Value> {
  readonly value: Value
  readonly untilMs: number
}

/** Answers that hold for a while; the oldest go when there are too many. */
export class TtlCache<Value> {
  readonly #clock: Clock
  readonly #sizeMax: number
  readonly #entries = new Map<string, Entry<Value>>()

  constructor(clock: Clock, sizeMax = 1024) {
    this.#clock = clock
    this.#sizeMax = sizeMax
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry && this.#clock.monotonicMs() < entry.untilMs) return entry.value
    this.#entries.delete(key)
    return undefined
  }

  set(key: string, value: Value, ttlMs: number): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, untilMs: this.#clock.monotonicMs() + ttlMs })
    if (this.#entries.size > this.#sizeMax) this.#entries.delete(this.#entries.keys().next().value!)
  }
}
