import { createHash } from 'node:crypto'
import type { QueuingPlan } from './flow-plan.ts'

/**
 * Queues among which flows are dealt: each flow has a hand of them and waits in the shortest, so that a flow that sends
 * too much fills its own queues, and few others share them all (shuffle sharding, KEP-1040). Queues that hold something
 * are served in turn.
 */
export class FairQueues<T> {
  readonly plan: QueuingPlan
  readonly #queues = new Map<number, T[]>()
  /** Numbers of the queues that hold something, the next to be served first. */
  readonly #turn: number[] = []

  constructor(plan: QueuingPlan) {
    this.plan = plan
  }

  /** Every item, in no order that matters. */
  get items(): T[] {
    return [...this.#queues.values()].flat()
  }

  get isEmpty(): boolean {
    return this.#turn.length === 0
  }

  /** False when every queue of the flow's hand is full. */
  add(flow: string, item: T): boolean {
    const lengths = dealHand(flow, this.plan).map((number) => ({
      number,
      length: this.#queues.get(number)?.length ?? 0,
    }))
    const { number, length } = lengths.reduce((best, next) =>
      next.length < best.length ? next : best,
    )
    if (length >= this.plan.queueLengthLimit) return false
    const queue = this.#queues.get(number)
    if (queue) queue.push(item)
    else {
      this.#queues.set(number, [item])
      this.#turn.push(number)
    }
    return true
  }

  take(): T | undefined {
    const number = this.#turn.shift()
    if (number === undefined) return undefined
    const queue = this.#queues.get(number)!
    const item = queue.shift()
    if (queue.length > 0) this.#turn.push(number)
    else this.#queues.delete(number)
    return item
  }

  remove(item: T): void {
    for (const [number, queue] of this.#queues) {
      const at = queue.indexOf(item)
      if (at < 0) continue
      queue.splice(at, 1)
      if (queue.length > 0) return
      this.#queues.delete(number)
      this.#turn.splice(this.#turn.indexOf(number), 1)
    }
  }
}

/** The queues of a flow, always the same ones (shufflesharding.Dealer). */
export function dealHand(
  flow: string,
  { queues, handSize }: Pick<QueuingPlan, 'queues' | 'handSize'>,
): number[] {
  let hash = createHash('sha256').update(flow).digest().readBigUInt64LE(0)
  const remainders = Array.from({ length: handSize }, (_, i) => {
    const size = BigInt(queues - i)
    const remainder = Number(hash % size)
    hash /= size
    return remainder
  })
  return remainders.map((remainder, i) => {
    let card = remainder
    for (let j = i; j > 0; j--) if (card >= remainders[j - 1]!) card += 1
    return card
  })
}
