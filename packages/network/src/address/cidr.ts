import { formatIp, parseIp } from './ip-address.ts'
import type { IpAddress } from './ip-address.ts'

/** A block of addresses. `first` has no host bits set. */
export interface Cidr {
  readonly first: IpAddress
  readonly prefixLength: number
}

/** Parses `10.96.0.0/12` or `fd00::/108`; host bits are cut off, as Go's ParseCIDR does. Undefined when it is none. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text)
  const address = match ? parseIp(match[1]!) : undefined
  if (!match || !address) return undefined
  const prefixLength = Number(match[2])
  if (prefixLength > width(address)) return undefined
  const shift = BigInt(width(address) - prefixLength)
  return { first: { ...address, bits: (address.bits >> shift) << shift }, prefixLength }
}

export function formatCidr({ first, prefixLength }: Cidr): string {
  return `${formatIp(first)}/${prefixLength}`
}

export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  if (cidr.first.family !== address.family) return false
  const shift = BigInt(width(address) - cidr.prefixLength)
  return address.bits >> shift === cidr.first.bits >> shift
}

/** How many addresses the block has. */
export function cidrSize({ first, prefixLength }: Cidr): bigint {
  return 1n << BigInt(width(first) - prefixLength)
}

/** The address at an index from 0 to size - 1; undefined outside. */
export function addressAt(cidr: Cidr, index: bigint | number): IpAddress | undefined {
  const offset = BigInt(index)
  if (offset < 0n || offset >= cidrSize(cidr)) return undefined
  return { ...cidr.first, bits: cidr.first.bits + offset }
}

/** The index-th block of the longer prefix inside this one; undefined outside or when the prefix is shorter. */
export function subnetAt(
  cidr: Cidr,
  prefixLength: number,
  index: bigint | number,
): Cidr | undefined {
  if (prefixLength < cidr.prefixLength || prefixLength > width(cidr.first)) return undefined
  const size = 1n << BigInt(width(cidr.first) - prefixLength)
  const first = addressAt(cidr, BigInt(index) * size)
  return first && { first, prefixLength }
}

/** Covers everything of its family (`0.0.0.0/0`, `::/0`). */
export function isZeroCidr({ prefixLength }: Cidr): boolean {
  return prefixLength === 0
}

/** 127.0.0.0/8: addresses that every Linux machine answers on without any set-up. */
export const loopbackBlock: Cidr = { first: { family: 4, bits: 127n << 24n }, prefixLength: 8 }

/** The part of it that belongs to the machine; kemu's clusters never take addresses there. */
const machineLoopbackBlock: Cidr = { ...loopbackBlock, prefixLength: 16 }

/** An address of the loopback driver: in 127.0.0.0/8 and not in the machine's own 127.0.0.0/16. */
export function isClusterLoopback(text: string): boolean {
  const address = parseIp(text)
  if (!address) return false
  return cidrContains(loopbackBlock, address) && !cidrContains(machineLoopbackBlock, address)
}

function width({ family }: IpAddress): 32 | 128 {
  return family === 4 ? 32 : 128
}
