import { isIP } from 'node:net'

/** An address as a number, so that blocks can be counted through. */
export interface IpAddress {
  readonly family: 4 | 6
  readonly bits: bigint
}

/** Parses dotted quads and RFC 4291 text; undefined for anything else. Zone ids (`%eth0`) are no addresses. */
export function parseIp(text: string): IpAddress | undefined {
  switch (isIP(text)) {
    case 4:
      return { family: 4, bits: parseQuad(text) }
    case 6:
      return text.includes('%') ? undefined : { family: 6, bits: parseColons(text) }
    default:
      return undefined
  }
}

/** Canonical text: dotted quad, or RFC 5952 (lower case, the longest run of zero groups shortened). */
export function formatIp({ family, bits }: IpAddress): string {
  return family === 4 ? formatQuad(bits) : formatColons(bits)
}

/** The canonical text of an address, by which two spellings compare equal; undefined when it is none. */
export function canonicalIp(text: string): string | undefined {
  const address = parseIp(text)
  return address && formatIp(address)
}

function parseQuad(text: string): bigint {
  return text.split('.').reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n)
}

function parseColons(text: string): bigint {
  const [head = '', tail] = text.split('::')
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0n)
  return [...left, ...zeros, ...right].reduce((sum, group) => (sum << 16n) | group, 0n)
}

/** The 16-bit groups of one side of `::`; an embedded dotted quad (RFC 4291 2.2.3) is two of them. */
function groups(text: string): bigint[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)]
    const quad = parseQuad(group)
    return [quad >> 16n, quad & 0xffffn]
  })
}

function formatQuad(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 0xffn)).join('.')
}

function formatColons(bits: bigint): string {
  // RFC 5952 section 5: an IPv4-mapped address keeps its dotted quad.
  if (bits >> 32n === 0xffffn) return `::ffff:${formatQuad(bits & 0xffffffffn)}`
  const words = Array.from({ length: 8 }, (_, i) => (bits >> BigInt(16 * (7 - i))) & 0xffffn)
  const texts = words.map((word) => word.toString(16))
  const run = longestZeroRun(words)
  if (run.length < 2) return texts.join(':')
  const head = texts.slice(0, run.start).join(':')
  return `${head}::${texts.slice(run.start + run.length).join(':')}`
}

function longestZeroRun(words: readonly bigint[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  words.forEach((word, i) => {
    if (word !== 0n) start = i + 1
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start }
  })
  return best
}
