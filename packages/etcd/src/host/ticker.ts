import type { Clock, Timer } from '@kemu/base'

export interface TickerDeps {
  readonly clock: Pick<Clock, 'setTimer'>
  readonly tickMs: number
  /** So many units of raft's time have passed. */
  readonly onTicks: (ticks: number) => void
}

/** A member alone looks after leases and late requests as often as etcd's lessor does (`runLoop`). */
const calmMs = 500

/**
 * The rhythm of raft's time. Nobody waits for the heartbeats of a member that is alone: its ticks come several at once.
 */
export class Ticker {
  readonly #deps: TickerDeps
  readonly #calmTicks: number
  #isCalm = false
  #timer: Timer

  constructor(deps: TickerDeps) {
    this.#deps = deps
    this.#calmTicks = Math.max(1, Math.floor(calmMs / deps.tickMs))
    this.#timer = this.#arm()
  }

  setCalm(isCalm: boolean): void {
    if (isCalm === this.#isCalm) return
    this.#isCalm = isCalm
    this.#timer.cancel()
    this.#timer = this.#arm()
  }

  stop(): void {
    this.#timer.cancel()
  }

  #arm(): Timer {
    const { clock, tickMs, onTicks } = this.#deps
    const ticks = this.#isCalm ? this.#calmTicks : 1
    return clock.setTimer(ticks * tickMs, () => {
      this.#timer = this.#arm()
      onTicks(ticks)
    })
  }
}
