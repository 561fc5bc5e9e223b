import type { Random } from '@kemu/base'

/** What the network does to raft messages while the weather is bad; shares of all of them. */
export interface Mischief {
  readonly loss: number
  readonly duplicate: number
  readonly reorder: number
}

export const noMischief: Mischief = { loss: 0, duplicate: 0, reorder: 0 }

/** The ways between places: how long they take, which are cut, what is lost on them. */
export class Links {
  readonly #random: Random
  /** `from>to`, with how many faults cut it. */
  readonly #cuts = new Map<string, number>()
  mischief: Mischief = noMischief
  latencyMs = 0.3
  /** Packets held up by a cut, and messages lost, doubled and reordered. */
  faults = 0

  constructor(random: Random) {
    this.#random = random
  }

  isCut(from: string, to: string): boolean {
    return (this.#cuts.get(`${from}>${to}`) ?? 0) > 0
  }

  /** Cuts one direction until the returned function is called. */
  cut(from: string, to: string): () => void {
    const link = `${from}>${to}`
    this.#cuts.set(link, (this.#cuts.get(link) ?? 0) + 1)
    let isCut = true
    return () => {
      if (isCut) this.#cuts.set(link, this.#cuts.get(link)! - 1)
      isCut = false
    }
  }

  healAll(): void {
    this.#cuts.clear()
    this.mischief = noMischief
  }

  /** Mostly short, now and then much longer. */
  delayMs(): number {
    const base = this.latencyMs * (0.5 + this.#random.next())
    return this.#random.int(50) === 0 ? base * (1 + 20 * this.#random.next()) : base
  }

  happens(share: number): boolean {
    if (share === 0 || this.#random.next() >= share) return false
    this.faults += 1
    return true
  }
}
