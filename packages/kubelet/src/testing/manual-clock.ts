import type { Clock, Timer } from '@kemu/base'

interface Appointment {
  readonly atMs: number
  readonly fire: () => void
}

/** A clock that a test moves. Between two timers everything that was set off runs to its end. */
export class ManualClock implements Clock {
  #nowMs = Date.parse('2026-01-01T00:00:00Z')
  #steadyMs = 0
  readonly #appointments = new Set<Appointment>()

  now(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#steadyMs
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const appointment = { atMs: this.#steadyMs + Math.max(0, delayMs), fire }
    this.#appointments.add(appointment)
    return { cancel: () => this.#appointments.delete(appointment) }
  }

  setPeriodic(periodMs: number, fire: () => void): Timer {
    let timer: Timer
    const again = (): void => {
      timer = this.setTimer(periodMs, again)
      fire()
    }
    timer = this.setTimer(periodMs, again)
    return { cancel: () => timer.cancel() }
  }

  /** Lets time pass; timers fire at their moments, in order. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#steadyMs + ms
    await settled()
    for (;;) {
      const [next] = [...this.#appointments].sort((a, b) => a.atMs - b.atMs)
      if (!next || next.atMs > endMs) break
      this.#appointments.delete(next)
      this.#moveTo(next.atMs)
      next.fire()
      await settled()
    }
    this.#moveTo(endMs)
    await settled()
  }

  #moveTo(atMs: number): void {
    this.#nowMs += atMs - this.#steadyMs
    this.#steadyMs = atMs
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
