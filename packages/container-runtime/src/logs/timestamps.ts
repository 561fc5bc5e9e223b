import type { Clock } from '@kemu/base'

/** Nanoseconds since 1970 that grow with every call, although the clock ticks in milliseconds. */
export class Timestamps {
  readonly #clock: Clock
  #last = 0n

  constructor(clock: Clock) {
    this.#clock = clock
  }

  nowNs(): bigint {
    const wall = BigInt(Math.round(this.#clock.now())) * 1_000_000n
    // A clock that was set back by more than a second is followed, or all times would stand still until it caught up.
    const isAhead = wall > this.#last || this.#last - wall > 1_000_000_000n
    this.#last = isAhead ? wall : this.#last + 1_000n
    return this.#last
  }

  /** RFC 3339 with nine digits, as containerd writes it. */
  now(): string {
    return formatTimestamp(this.nowNs())
  }
}

function formatTimestamp(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19)
  return `${seconds}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`
}
