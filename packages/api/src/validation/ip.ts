import { goQuote } from '../go-text.ts'
import { fieldInvalid } from './field-error.ts'
import type { FieldError } from './field-error.ts'
import type { FieldPath } from './field-path.ts'
import type { Complaints } from './name-rules.ts'

/** An address as upstream's older parsers take it: leading zeros are decimal there. */
export interface IpAddress {
  readonly family: 4 | 6
  /** 4 or 16 bytes; an IPv4-mapped IPv6 address has 4 and `mapped`. */
  readonly bytes: readonly number[]
  readonly mapped: boolean
  readonly leadingZeros: boolean
}

export interface IpPrefix {
  readonly address: IpAddress
  readonly length: number
  readonly leadingZeros: boolean
}

/** netutils.ParseIPSloppy: undefined for what is no address. */
export function parseIp(text: string): IpAddress | undefined {
  return text.includes(':') ? parseIpV6(text) : parseIpV4(text)
}

function parseIpV4(text: string): IpAddress | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,9}$/.test(part))) return undefined
  const bytes = parts.map(Number)
  if (bytes.some((byte) => byte > 255)) return undefined
  const leadingZeros = parts.some((part) => /^0\d/.test(part))
  return { family: 4, bytes, mapped: false, leadingZeros }
}

function parseIpV6(text: string): IpAddress | undefined {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const last = tail ? parseIpV4(tail[2]!) : undefined
  if (tail && !last) return undefined
  const plain = last ? `${tail![1]}${hexPair(last.bytes, 0)}:${hexPair(last.bytes, 2)}` : text
  const groups = expandGroups(plain)
  if (!groups) return undefined
  const bytes = groups.flatMap((group) => [group >> 8, group & 0xff])
  const mapped = bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255
  const leadingZeros = last?.leadingZeros ?? false
  return mapped
    ? { family: 4, bytes: bytes.slice(12), mapped, leadingZeros }
    : { family: 6, bytes, mapped, leadingZeros }
}

function hexPair(bytes: readonly number[], at: number): string {
  return ((bytes[at]! << 8) | bytes[at + 1]!).toString(16)
}

function expandGroups(text: string): number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const read = (half: string): string[] => (half === '' ? [] : half.split(':'))
  const [head, rest] = [read(halves[0]!), read(halves[1] ?? '')]
  const missing = 8 - head.length - rest.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array<string>(missing).fill('0'), ...rest]
  return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined
}

/** The canonical text (RFC 5952). */
export function formatIp({ family, bytes }: Pick<IpAddress, 'family' | 'bytes'>): string {
  if (family === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, i) => hexPair(bytes, 2 * i))
  const run = longestZeroRun(groups)
  if (run.length < 2) return groups.join(':')
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.start + run.length).join(':')}`
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0
    while (groups[start + length] === '0') length += 1
    if (length > best.length) best = { start, length }
  }
  return best
}

/** netutils.ParseCIDRSloppy. */
export function parseCidr(text: string): IpPrefix | undefined {
  const match = /^(.*)\/(\d{1,9})$/.exec(text)
  const address = match && parseIp(match[1]!)
  if (!match || !address) return undefined
  const bits = address.mapped || address.family === 6 ? 128 : 32
  const length = Number(match[2])
  if (length > bits) return undefined
  const leadingZeros = address.leadingZeros || /^0\d/.test(match[2]!)
  return { address, length, leadingZeros }
}

/** The text of the network: address bits beyond the length cleared. */
export function formatCidr(prefix: IpPrefix): string {
  const { family, bytes, mapped } = prefix.address
  const length = mapped ? Math.max(0, prefix.length - 96) : prefix.length
  return `${formatIp({ family, bytes: maskBytes(bytes, length) })}/${length}`
}

function maskBytes(bytes: readonly number[], length: number): number[] {
  return bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))) & 0xff)
}

/** Fields of the time before strict parsing; `lenient` takes what was stored before. */
export function validateIp(path: FieldPath, value: string, lenient = false): FieldError[] {
  return checkIp(value, lenient).map((text) => fieldInvalid(path, value, text))
}

function checkIp(value: string, lenient: boolean): Complaints {
  const ip = parseIp(value)
  if (!ip) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
  if (lenient) return []
  if (ip.leadingZeros) return ['must not have leading 0s']
  return ip.mapped ? ['must not be an IPv4-mapped IPv6 address'] : []
}

/** The rule of newer fields: the canonical text only. */
export function validateCanonicalIp(path: FieldPath, value: string): FieldError[] {
  return checkCanonicalIp(value).map((text) => fieldInvalid(path, value, text))
}

/** The same for names that are addresses. */
export function checkCanonicalIp(value: string): Complaints {
  const complaints = checkIp(value, false)
  if (complaints.length > 0) return complaints
  const canonical = formatIp(parseIp(value)!)
  return value === canonical ? [] : [`must be in canonical form (${goQuote(canonical)})`]
}

export function validateCidr(path: FieldPath, value: string, lenient = false): FieldError[] {
  const cidr = parseCidr(value)
  if (!cidr) {
    const text = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
    return [fieldInvalid(path, value, text)]
  }
  if (lenient) return []
  const problem = strictCidrProblem(cidr)
  return problem === undefined ? [] : [fieldInvalid(path, value, problem)]
}

/** An address with the length of its network's prefix, in canonical form. */
export function validateInterfaceAddress(path: FieldPath, value: string): FieldError[] {
  const cidr = parseCidr(value)
  if (!cidr) {
    const text = 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'
    return [fieldInvalid(path, value, text)]
  }
  const { address, length } = cidr
  const prefix = address.mapped && length > 32 ? length - 96 : length
  return canonicalOnly(path, value, `${formatIp(address)}/${prefix}`)
}

/** The rule of newer fields: the canonical text only. */
export function validateCanonicalCidr(path: FieldPath, value: string): FieldError[] {
  const errors = validateCidr(path, value)
  return errors.length > 0 ? errors : canonicalOnly(path, value, formatCidr(parseCidr(value)!))
}

function canonicalOnly(path: FieldPath, value: string, canonical: string): FieldError[] {
  if (value === canonical) return []
  return [fieldInvalid(path, value, `must be in canonical form (${goQuote(canonical)})`)]
}

function strictCidrProblem({ address, length, leadingZeros }: IpPrefix): string | undefined {
  if (leadingZeros) return 'must not have leading 0s in IP or prefix length'
  if (address.mapped) return 'must not have an IPv4-mapped IPv6 address'
  const masked = maskBytes(address.bytes, length)
  return masked.every((byte, i) => byte === address.bytes[i])
    ? undefined
    : 'must not have bits set beyond the prefix length'
}

/** What a client is warned of that writes an address in an unusual notation. */
export function warningsForIp(path: FieldPath, value: string): string[] {
  const ip = parseIp(value)
  if (!ip) return []
  const canonical = formatIp(ip)
  if (ip.leadingZeros || ip.mapped) {
    const quoted = goQuote(canonical)
    return [
      `${path.toString()}: non-standard IP address ${goQuote(value)} is invalid: use ${quoted}`,
    ]
  }
  if (ip.family === 4 || canonical === value) return []
  return [
    `${path.toString()}: IPv6 address ${goQuote(value)} should be in RFC 5952 canonical format (${goQuote(canonical)})`,
  ]
}

export function warningsForCidr(path: FieldPath, value: string): string[] {
  const cidr = parseCidr(value)
  if (!cidr) return []
  const canonical = goQuote(formatCidr(cidr))
  const shown = goQuote(value)
  const warnings: string[] = []
  const { address, leadingZeros } = cidr
  const length = address.mapped ? Math.max(0, cidr.length - 96) : cidr.length
  if (maskBytes(address.bytes, length).some((byte, i) => byte !== address.bytes[i])) {
    const single = goQuote(`${formatIp(address)}/${8 * address.bytes.length}`)
    warnings.push(
      `${path.toString()}: CIDR value ${shown} is ambiguous in this context (should be ${canonical} or ${single}?)`,
    )
  }
  if (leadingZeros || address.mapped)
    warnings.push(
      `${path.toString()}: non-standard CIDR value ${shown} is invalid: use ${canonical}`,
    )
  if (warnings.length === 0 && address.family === 6 && canonical !== shown) {
    warnings.push(
      `${path.toString()}: IPv6 CIDR value ${shown} should be in RFC 5952 canonical format (${canonical})`,
    )
  }
  return warnings
}
