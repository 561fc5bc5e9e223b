import type { Clock, Timer } from '@kemu/base'
import type { Backend } from '../plan/frontend.ts'

interface Pin {
  readonly backend: Backend
  usedAtMs: number
}

/** Which endpoint each client last had, for sessionAffinity ClientIP. Idle tables hold no timer. */
export class AffinityTable {
  readonly #clock: Clock
  readonly #pins = new Map<string, Pin>()
  #timeoutMs = 0
  #sweep: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#pins.size
  }

  /** The client's endpoint, if it is still among the allowed ones and was used within the timeout. */
  find(client: string, allowed: readonly Backend[], timeoutMs: number): Backend | undefined {
    const pin = this.#pins.get(client)
    if (!pin || this.#clock.monotonicMs() - pin.usedAtMs >= timeoutMs) return undefined
    const { address, port } = pin.backend
    return allowed.find((backend) => backend.address === address && backend.port === port)
  }

  /** Notes a connection; the timeout counts from the last one (upstream: the rule's `recent` list is updated by each). */
  pin(client: string, backend: Backend, timeoutMs: number): void {
    this.#pins.set(client, { backend, usedAtMs: this.#clock.monotonicMs() })
    this.#timeoutMs = timeoutMs
    this.#sweep ??= this.#clock.setTimer(timeoutMs, () => this.#drop())
  }

  close(): void {
    this.#sweep?.cancel()
    this.#pins.clear()
  }

  #drop(): void {
    this.#sweep = undefined
    const nowMs = this.#clock.monotonicMs()
    let oldestMs = Infinity
    for (const [client, { usedAtMs }] of this.#pins) {
      if (nowMs - usedAtMs >= this.#timeoutMs) this.#pins.delete(client)
      else oldestMs = Math.min(oldestMs, usedAtMs)
    }
    if (this.#pins.size === 0) return
    this.#sweep = this.#clock.setTimer(oldestMs + this.#timeoutMs - nowMs, () => this.#drop())
  }
}
