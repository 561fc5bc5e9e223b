import type { LogRequest } from '@kemu/rpc/raft-codec'
import { etcdError } from '../errors.ts'

/** Called once: with the response, or with why there is none. */
export type Done = (error: Error | undefined, response?: unknown) => void

export interface PendingRequest {
  readonly sequence: number
  /** The entry's bytes; where this member leads, the very same object comes back from the log. */
  readonly data: Uint8Array
  /** Undefined for a change of the members. */
  readonly request: LogRequest | undefined
  readonly done: Done
  readonly sinceTick: number
}

/** Requests of this member's clients that are on their way through the log. */
export class PendingRequests {
  readonly #timeoutTicks: number
  readonly #bySequence = new Map<number, PendingRequest>()
  readonly #byData = new Map<Uint8Array, PendingRequest>()
  #sequence: number
  #tick = 0
  /** Requests of which nobody knows what became. */
  failedCount = 0

  /** `firstSequence` differs after each start, so that an old entry is not taken for a new one. */
  constructor(timeoutTicks: number, firstSequence: number) {
    this.#timeoutTicks = timeoutTicks
    this.#sequence = firstSequence
  }

  get count(): number {
    return this.#bySequence.size
  }

  nextSequence(): number {
    return ++this.#sequence
  }

  add(sequence: number, data: Uint8Array, request: LogRequest | undefined, done: Done): void {
    const pending = { sequence, data, request, done, sinceTick: this.#tick }
    this.#bySequence.set(sequence, pending)
    this.#byData.set(data, pending)
  }

  takeByData(data: Uint8Array): PendingRequest | undefined {
    return this.#take(this.#byData.get(data))
  }

  takeBySequence(sequence: number): PendingRequest | undefined {
    return this.#take(this.#bySequence.get(sequence))
  }

  /** So many ticks are over. Ends those that have waited too long; what became of them nobody knows. */
  pass(ticks: number, withdraw: (data: Uint8Array) => void): void {
    this.#tick += ticks
    for (const pending of this.#bySequence.values()) {
      if (this.#tick - pending.sinceTick < this.#timeoutTicks) return
      this.#take(pending)
      this.failedCount += 1
      withdraw(pending.data)
      pending.done(etcdError('timeout'))
    }
  }

  failAll(error: Error): void {
    const all = [...this.#bySequence.values()]
    this.#bySequence.clear()
    this.#byData.clear()
    for (const { done } of all) done(error)
  }

  #take(pending: PendingRequest | undefined): PendingRequest | undefined {
    if (!pending) return undefined
    this.#bySequence.delete(pending.sequence)
    this.#byData.delete(pending.data)
    return pending
  }
}
