import { assert } from '@kemu/base'
import { cidrSize, overlaps } from './cidr.ts'
import type { Cidr } from './cidr.ts'

/** Equal pieces of one range, each free or taken; a freed piece is given out again last (cidrset.CidrSet). */
export class CidrSet {
  readonly #range: Cidr
  readonly #pieceMaskSize: number
  readonly #pieceSize: bigint
  readonly #count: bigint
  readonly #taken = new Set<bigint>()
  #next = 0n

  constructor(range: Cidr, pieceMaskSize: number) {
    assert(pieceMaskSize >= range.maskSize, 'a piece is no larger than its range')
    this.#range = range
    this.#pieceMaskSize = pieceMaskSize
    this.#pieceSize = cidrSize({ ...range, maskSize: pieceMaskSize })
    this.#count = cidrSize(range) / this.#pieceSize
  }

  get family(): Cidr['family'] {
    return this.#range.family
  }

  /** Takes the next free piece; undefined when all are taken. */
  take(): Cidr | undefined {
    if (BigInt(this.#taken.size) >= this.#count) return undefined
    while (this.#taken.has(this.#next)) this.#next = (this.#next + 1n) % this.#count
    const index = this.#next
    this.#taken.add(index)
    this.#next = (index + 1n) % this.#count
    return {
      family: this.#range.family,
      first: this.#range.first + index * this.#pieceSize,
      maskSize: this.#pieceMaskSize,
    }
  }

  /** Marks every piece that the range touches as taken. */
  occupy(cidr: Cidr): void {
    for (const index of this.#indexes(cidr)) this.#taken.add(index)
  }

  release(cidr: Cidr): void {
    for (const index of this.#indexes(cidr)) this.#taken.delete(index)
  }

  *#indexes(cidr: Cidr): Iterable<bigint> {
    if (!overlaps(this.#range, cidr)) return
    const last = cidr.first + cidrSize(cidr) - 1n
    const from = cidr.first <= this.#range.first ? 0n : this.#indexOf(cidr.first)
    const end = this.#indexOf(last)
    for (let i = from; i <= end && i < this.#count; i++) yield i
  }

  #indexOf(address: bigint): bigint {
    return (address - this.#range.first) / this.#pieceSize
  }
}
