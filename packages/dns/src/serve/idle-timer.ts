import type { Clock, Timer } from '@kemu/base'

/** Fires once when nothing has restarted it for the whole time; a restart costs no new timer. */
export class IdleTimer {
  readonly #clock: Clock
  readonly #idleMs: number
  readonly #fire: () => void
  #timer: Timer
  #activeAtMs: number

  constructor(clock: Clock, idleMs: number, fire: () => void) {
    this.#clock = clock
    this.#idleMs = idleMs
    this.#fire = fire
    this.#activeAtMs = clock.monotonicMs()
    this.#timer = this.#arm(idleMs)
  }

  restart(): void {
    this.#activeAtMs = this.#clock.monotonicMs()
  }

  close(): void {
    this.#timer.cancel()
  }

  #arm(delayMs: number): Timer {
    return this.#clock.setTimer(delayMs, () => {
      const leftMs = this.#activeAtMs + this.#idleMs - this.#clock.monotonicMs()
      if (leftMs <= 0) this.#fire()
      else this.#timer = this.#arm(leftMs)
    })
  }
}
