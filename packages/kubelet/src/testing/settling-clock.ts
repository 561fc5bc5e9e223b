import { ManualClock } from '@kemu/base/testing'
import type { Clock, Timer } from '@kemu/base'

/** A clock that a test moves. Between two moments everything that was set off runs to its end. */
export class SettlingClock implements Clock {
  readonly #clock = new ManualClock()

  now(): number {
    return this.#clock.now()
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    return this.#clock.setTimer(delayMs, fire)
  }

  setPeriodic(periodMs: number, fire: () => void): Timer {
    return this.#clock.setPeriodic(periodMs, fire)
  }

  /** Lets time pass; timers fire at their moments, in order. */
  async advance(ms: number): Promise<void> {
    const endMs = this.monotonicMs() + ms
    await settled()
    for (let next = this.#next(); next !== undefined && next <= endMs; next = this.#next()) {
      this.#clock.advance(next - this.monotonicMs())
      await settled()
    }
    this.#clock.advance(endMs - this.monotonicMs())
    await settled()
  }

  #next(): number | undefined {
    const leftMs = this.#clock.untilNextMs()
    return leftMs === undefined ? undefined : this.monotonicMs() + leftMs
  }
}

/** Turns of the event loop without file work after which everything has come to rest. */
const quietTurns = 30

/** Everything that needs no time has happened, file work included. */
export async function settled(): Promise<void> {
  for (let quiet = 0; quiet < quietTurns; quiet++) {
    await new Promise((resolve) => setImmediate(resolve))
    const isBusy = process.getActiveResourcesInfo().some((name) => /^FSReq|^CloseReq/.test(name))
    if (isBusy) quiet = 0
  }
}
