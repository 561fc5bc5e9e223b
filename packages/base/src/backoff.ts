import type { Random } from './random.ts'

export interface BackoffConfig {
  readonly initialMs: number
  readonly maxMs: number
  readonly factor?: number
  /** A share of the delay that is added at random, 0 to 1, so that many clients do not come back at once. */
  readonly jitter?: number
}

/** Delays that grow with each failure and start over after a success. */
export class Backoff {
  readonly #config: BackoffConfig
  readonly #random: Random
  #failures = 0

  constructor(config: BackoffConfig, random: Random) {
    this.#config = config
    this.#random = random
  }

  /** Counts a failure and returns how long to wait. */
  nextMs(): number {
    const { initialMs, maxMs, factor = 2, jitter = 0 } = this.#config
    const plain = Math.min(maxMs, initialMs * factor ** this.#failures)
    this.#failures += 1
    return plain * (1 + jitter * this.#random.next())
  }

  reset(): void {
    this.#failures = 0
  }
}
