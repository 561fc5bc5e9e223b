import { assert } from '@kemu/base'
import type { LogIndex } from '../types.ts'

/**
 * Appends that were sent and not yet acknowledged: a window that keeps a slow follower from filling the leader's memory
 * (section 10.2.2, pipelining). A ring of the last index of each message.
 */
export class Inflights {
  readonly #capacity: number
  readonly #bytesMax: number
  readonly #indexes: LogIndex[] = []
  readonly #sizes: number[] = []
  #start = 0
  #count = 0
  #bytes = 0

  /** `bytesMax` counts entry data; the first message is always let through. */
  constructor(capacity: number, bytesMax = Number.POSITIVE_INFINITY) {
    this.#capacity = capacity
    this.#bytesMax = bytesMax
  }

  get count(): number {
    return this.#count
  }

  isFull(): boolean {
    return this.#count >= this.#capacity || (this.#count > 0 && this.#bytes >= this.#bytesMax)
  }

  add(lastIndex: LogIndex, bytes: number): void {
    assert(!this.isFull(), 'the window is full')
    const at = (this.#start + this.#count) % this.#capacity
    this.#indexes[at] = lastIndex
    this.#sizes[at] = bytes
    this.#count += 1
    this.#bytes += bytes
  }

  /** Frees every message whose entries are acknowledged up to `index`. */
  freeTo(index: LogIndex): void {
    while (this.#count > 0 && this.#indexes[this.#start]! <= index) {
      this.#bytes -= this.#sizes[this.#start]!
      this.#start = (this.#start + 1) % this.#capacity
      this.#count -= 1
    }
  }

  reset(): void {
    this.#start = 0
    this.#count = 0
    this.#bytes = 0
  }
}
