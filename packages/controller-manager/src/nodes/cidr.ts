import { isIPv4, isIPv6 } from 'node:net'

/** A range of addresses: its first address and the length of its mask. */
export interface Cidr {
  readonly family: 'IPv4' | 'IPv6'
  readonly first: bigint
  readonly maskSize: number
}

const widths = { IPv4: 32, IPv6: 128 } as const

export class CidrError extends Error {
  override name = 'CidrError'
}

/** Parses `10.244.0.0/16`; host bits are cleared. */
export function parseCidr(text: string): Cidr {
  const [address = '', mask = ''] = text.split('/')
  const family = isIPv4(address) ? 'IPv4' : isIPv6(address) ? 'IPv6' : undefined
  const maskSize = /^\d+$/.test(mask) ? Number(mask) : Number.NaN
  if (!family || !(maskSize <= widths[family])) throw new CidrError(`invalid CIDR address: ${text}`)
  const hostBits = BigInt(widths[family] - maskSize)
  const number = family === 'IPv4' ? parseIPv4(address) : parseIPv6(address)
  return { family, first: (number >> hostBits) << hostBits, maskSize }
}

export function formatCidr({ family, first, maskSize }: Cidr): string {
  return `${family === 'IPv4' ? formatIPv4(first) : formatIPv6(first)}/${maskSize}`
}

/** How many addresses the range has. */
export function cidrSize({ family, maskSize }: Cidr): bigint {
  return 1n << BigInt(widths[family] - maskSize)
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  if (a.family !== b.family) return false
  return a.first < b.first + cidrSize(b) && b.first < a.first + cidrSize(a)
}

function parseIPv4(text: string): bigint {
  return text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
}

function parseIPv6(text: string): bigint {
  const [head = '', tail] = text.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right]
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n)
}

function formatIPv4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join('.')
}

/** RFC 5952: lower case, the longest run of zeros shortened. */
function formatIPv6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  )
  const runs = [...groups.join(':').matchAll(/(^|:)0(:0)+(?=:|$)/g)].map(([run]) => run)
  const longest = runs.sort((a, b) => b.length - a.length)[0]
  if (longest === undefined) return groups.join(':')
  return groups.join(':').replace(longest, '::').replace(':::', '::').replace(':::', '::')
}
