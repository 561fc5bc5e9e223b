import { isIPv4 } from 'node:net'
import { assert } from '@kemu/base'
import type { Random } from '@kemu/base'

/**
 * An IPv4 network of service addresses: neither its own address nor the broadcast address is given
 * out.
 */
export class IpRange {
  readonly cidr: string
  readonly #base: number
  readonly #size: number

  private constructor(cidr: string, base: number, size: number) {
    this.cidr = cidr
    this.#base = base
    this.#size = size
  }

  /** Undefined for what is no IPv4 network. */
  static parse(cidr: string): IpRange | undefined {
    const [address = '', bits = ''] = cidr.split('/')
    const prefix = Number(bits)
    if (!isIPv4(address) || !/^\d+$/.test(bits) || prefix > 30 || prefix < 8) return undefined
    const size = 2 ** (32 - prefix)
    const base = Math.floor(numberOf(address) / size) * size
    return new IpRange(`${addressOf(base)}/${prefix}`, base, size)
  }

  contains(address: string): boolean {
    if (!isIPv4(address)) return false
    const offset = numberOf(address) - this.#base
    return offset > 0 && offset < this.#size - 1
  }

  /** The network's own address, which nobody gets. */
  get base(): string {
    return addressOf(this.#base)
  }

  /** The first address: that of the service `kubernetes`. */
  get first(): string {
    return addressOf(this.#base + 1)
  }

  /**
   * All addresses in the order in which they are tried: from somewhere in the upper part on, then
   * the lower part, which is kept
   * for those who choose an address themselves (KEP-3070).
   */
  *candidates(random: Random): Generator<string> {
    const lower = lowerPart(this.#size)
    const upper = this.#size - 1 - lower
    assert(upper > 0, 'a range has an upper part')
    const start = random.int(upper)
    for (let i = 0; i < upper; i += 1) yield this.#at(lower + ((start + i) % upper))
    for (let offset = 1; offset < lower; offset += 1) yield this.#at(offset)
  }

  #at(offset: number): string {
    return addressOf(this.#base + Math.max(1, offset))
  }
}

/** ipallocator.calculateRangeOffset: min(max(16, size/16), 256). */
function lowerPart(size: number): number {
  if (size <= 16) return 1
  return Math.min(Math.max(16, Math.floor(size / 16)), 256)
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function addressOf(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}
