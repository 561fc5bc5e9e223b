import type { Random } from '@kemu/base'
import type { Message, NodeId } from '../index.ts'

/** Mail under way between servers: any of it may be lost, come twice, late, or in another order. */
export class SimulatedNetwork {
  readonly #random: Random
  #underWay: Message[] = []
  /** Directed links that are cut: `from>to`. */
  readonly #cut = new Set<string>()
  #lossRate = 0
  #duplicateRate = 0

  constructor(random: Random) {
    this.#random = random
  }

  get size(): number {
    return this.#underWay.length
  }

  setRates(lossRate: number, duplicateRate: number): void {
    this.#lossRate = lossRate
    this.#duplicateRate = duplicateRate
  }

  send(message: Message): void {
    // Bounded: what stays under way for too long is lost, at random.
    if (this.#underWay.length > 200) this.take()
    this.#underWay.push(message)
  }

  /** Takes mostly one of the oldest, now and then any; undefined when there is none. */
  take(): Message | undefined {
    const count = this.#underWay.length
    if (count === 0) return undefined
    const at = this.#random.int(this.#random.int(5) === 0 ? count : Math.min(3, count))
    const message = this.#underWay[at]!
    if (this.#random.next() >= this.#duplicateRate) this.#underWay.splice(at, 1)
    return message
  }

  /** False when a cut link or bad luck swallows it. */
  isDelivered({ from, to }: Message): boolean {
    return !this.#cut.has(`${from}>${to}`) && this.#random.next() >= this.#lossRate
  }

  cut(from: NodeId, to: NodeId): void {
    this.#cut.add(`${from}>${to}`)
  }

  heal(): void {
    this.#cut.clear()
  }

  /** Everything between two sides; with `oneWay` only from the first to the second. */
  partition(left: readonly NodeId[], right: readonly NodeId[], oneWay: boolean): void {
    for (const a of left) {
      for (const b of right) {
        this.cut(a, b)
        if (!oneWay) this.cut(b, a)
      }
    }
  }
}
