import type { Random } from '@kemu/base'
import type { KeyValueStore } from '../store/key-value-store.ts'
import { AllocationError } from './ip-allocator.ts'

const key = '/registry/ranges/servicenodeports'

/** `30000-32767` as two numbers; undefined for anything else. */
export function parsePortRange(text: string): { first: number; last: number } | undefined {
  const match = /^(\d+)-(\d+)$/.exec(text)
  if (!match) return undefined
  const [first, last] = [Number(match[1]), Number(match[2])]
  return first > 0 && first <= last && last < 65_536 ? { first, last } : undefined
}

/**
 * Node ports. Which are taken stands in one RangeAllocation object, changed by compare and swap, as
 * upstream keeps it.
 */
export class NodePortAllocator {
  readonly #first: number
  readonly #size: number
  readonly #store: KeyValueStore
  readonly #random: Random

  constructor(range: { first: number; last: number }, store: KeyValueStore, random: Random) {
    this.#first = range.first
    this.#size = range.last - range.first + 1
    this.#store = store
    this.#random = random
  }

  /**
   * Takes these ports; 0 stands for any. All or none. Throws an AllocationError that names no port.
   */
  async take(wanted: readonly number[]): Promise<number[]> {
    if (wanted.length === 0) return []
    return this.#change((taken) => wanted.map((port) => this.#takeOne(taken, port)))
  }

  async release(ports: readonly number[]): Promise<void> {
    const ours = ports.filter((port) => this.#contains(port))
    if (ours.length === 0) return
    await this.#change((taken) => ours.forEach((port) => taken.delete(port - this.#first)))
  }

  /** Sets what is taken to what services use: what a crash left over becomes free again. */
  async repair(used: ReadonlySet<number>): Promise<void> {
    await this.#change((taken) => {
      taken.clear()
      for (const port of used) if (this.#contains(port)) taken.add(port - this.#first)
    })
  }

  /** Ports that are taken now. */
  async taken(): Promise<number[]> {
    const { kv } = await this.#store.get(key)
    return [...readSet(kv?.value)].map((offset) => this.#first + offset)
  }

  #takeOne(taken: Set<number>, wanted: number): number {
    if (wanted === 0) return this.#takeAny(taken)
    if (!this.#contains(wanted)) {
      const last = this.#first + this.#size - 1
      throw new AllocationError(
        `provided port is not in the valid range. The range of valid ports is ${this.#first}-${last}`,
      )
    }
    if (taken.has(wanted - this.#first))
      throw new AllocationError('provided port is already allocated')
    taken.add(wanted - this.#first)
    return wanted
  }

  /**
   * From the upper part first: the lower one is for those who choose a port themselves (KEP-3668).
   */
  #takeAny(taken: Set<number>): number {
    const lower = lowerPart(this.#size)
    const upper = this.#size - lower
    const start = this.#random.int(upper)
    for (let i = 0; i < this.#size; i += 1) {
      const offset = i < upper ? lower + ((start + i) % upper) : i - upper
      if (taken.has(offset)) continue
      taken.add(offset)
      return this.#first + offset
    }
    throw new AllocationError('range is full', true)
  }

  #contains(port: number): boolean {
    return port >= this.#first && port < this.#first + this.#size
  }

  async #change<T>(change: (taken: Set<number>) => T): Promise<T> {
    for (;;) {
      const { kv } = await this.#store.get(key)
      const taken = readSet(kv?.value)
      const before = writeBits(taken)
      const answer = change(taken)
      if (kv && writeBits(taken).equals(before)) return answer
      const value = Buffer.from(JSON.stringify(this.#object(taken)))
      if ((await this.#store.replace(key, kv?.modRevision ?? 0, value)).ok) return answer
    }
  }

  #object(taken: ReadonlySet<number>): object {
    return {
      kind: 'RangeAllocation',
      apiVersion: 'v1',
      metadata: {},
      range: `${this.#first}-${this.#first + this.#size - 1}`,
      data: writeBits(taken).toString('base64'),
    }
  }
}

/** portallocator.calculateRangeOffset: min(max(16, size/32), 128), and 0 for small ranges. */
function lowerPart(size: number): number {
  if (size <= 16) return 0
  return Math.min(Math.max(16, Math.floor(size / 32)), 128)
}

/** Bits as Go's big.Int writes them: the last byte holds offsets 0 to 7. */
function readSet(value: Buffer | undefined): Set<number> {
  if (!value) return new Set()
  const { data = '' } = JSON.parse(value.toString()) as { data?: string }
  const bytes = Buffer.from(data, 'base64')
  const set = new Set<number>()
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[bytes.length - 1 - i]!
    for (let bit = 0; bit < 8; bit += 1) if (byte & (1 << bit)) set.add(i * 8 + bit)
  }
  return set
}

function writeBits(set: ReadonlySet<number>): Buffer {
  const highest = Math.max(-1, ...set)
  const bytes = Buffer.alloc(Math.floor(highest / 8) + 1)
  for (const offset of set) {
    const at = bytes.length - 1 - Math.floor(offset / 8)
    bytes[at] = bytes[at]! | (1 << (offset % 8))
  }
  return bytes
}
