/** An IPv4 block in CIDR notation, as numbers. */
export interface Ipv4Block {
  readonly base: number
  readonly prefixLength: number
  readonly size: number
}

/** Parses `10.244.1.0/24`; undefined when it is none. Host bits are cut off as Kubernetes does. */
export function parseIpv4Block(text: string): Ipv4Block | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text.trim())
  if (!match) return undefined
  const octets = match.slice(1, 5).map(Number)
  const prefixLength = Number(match[5])
  if (octets.some((o) => o > 255) || prefixLength > 32) return undefined
  const size = 2 ** (32 - prefixLength)
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0)
  return { base: address - (address % size), prefixLength, size }
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

/** What the next life of a runtime must know. */
export interface IpPoolState {
  readonly podCidr: string
  /** Offset of the address that was given last; the next search starts after it. */
  readonly lastOffset: number
  readonly leases: Readonly<Record<string, string>>
}

/**
 * Addresses of one node's pod CIDR, one for each holder. The search goes round the block (as CNI's host-local does), so
 * that an address rests for as long as possible before it is given again. The network's own address, the first one
 * (kept for a gateway) and the broadcast address are never given.
 */
export class IpPool {
  #podCidr: string
  #block: Ipv4Block
  #lastOffset: number
  readonly #leases: Map<string, string>
  /** Invariant: exactly the values of #leases. */
  readonly #taken: Set<string>

  constructor(state: IpPoolState) {
    const block = parseIpv4Block(state.podCidr)
    if (!block) throw new Error(`invalid pod CIDR ${JSON.stringify(state.podCidr)}`)
    this.#podCidr = state.podCidr
    this.#block = block
    this.#lastOffset = state.lastOffset
    this.#leases = new Map(Object.entries(state.leases))
    this.#taken = new Set(this.#leases.values())
  }

  get podCidr(): string {
    return this.#podCidr
  }

  /** Changes the block for addresses given from now on; leases of the old block stand until they are released. */
  move(podCidr: string): void {
    const block = parseIpv4Block(podCidr)
    if (!block) throw new Error(`invalid pod CIDR ${JSON.stringify(podCidr)}`)
    if (block.base !== this.#block.base || block.size !== this.#block.size) this.#lastOffset = 1
    this.#podCidr = podCidr
    this.#block = block
  }

  /** The holder's address, taken now if it has none; undefined when the block is used up. */
  take(holder: string): string | undefined {
    const held = this.#leases.get(holder)
    if (held !== undefined) return held
    const first = 2
    const last = this.#block.size - 2
    const count = last - first + 1
    for (let step = 1; step <= count; step++) {
      const offset = first + ((((this.#lastOffset - first + step) % count) + count) % count)
      const address = formatIpv4(this.#block.base + offset)
      if (this.#taken.has(address)) continue
      this.#lastOffset = offset
      this.#leases.set(holder, address)
      this.#taken.add(address)
      return address
    }
    return undefined
  }

  addressOf(holder: string): string | undefined {
    return this.#leases.get(holder)
  }

  release(holder: string): boolean {
    const address = this.#leases.get(holder)
    if (address === undefined) return false
    this.#leases.delete(holder)
    this.#taken.delete(address)
    return true
  }

  holders(): string[] {
    return [...this.#leases.keys()]
  }

  state(): IpPoolState {
    return {
      podCidr: this.#podCidr,
      lastOffset: this.#lastOffset,
      leases: Object.fromEntries(this.#leases),
    }
  }
}
