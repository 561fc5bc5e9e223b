import type { Clock, Timer } from '../clock.ts'

interface Appointment {
  readonly atMs: number
  readonly order: number
  readonly fire: () => void
}

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  readonly #originMs: number
  readonly #appointments = new Set<Appointment>()
  #nowMs = 0
  #order = 0

  /** `originMs` is the wall time at the start. */
  constructor(originMs = Date.parse('2026-01-01T00:00:00Z')) {
    this.#originMs = originMs
  }

  now(): number {
    return this.#originMs + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const appointment = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, fire }
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

  /** How long until the next timer; undefined while none is set. */
  untilNextMs(): number | undefined {
    const next = this.#next()
    return next && next.atMs - this.#nowMs
  }

  /** Moves time on and fires what falls due, in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (let due = this.#next(); due && due.atMs <= endMs; due = this.#next()) {
      this.#appointments.delete(due)
      this.#nowMs = due.atMs
      due.fire()
    }
    this.#nowMs = endMs
  }

  #next(): Appointment | undefined {
    return [...this.#appointments].sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0]
  }
}
