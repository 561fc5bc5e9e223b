/** DER (X.690), as much of it as certificates and requests are made of: values are Buffers, written inside out. */

const universal = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff)
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content])
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer =>
  tagged(universal.sequence, ...parts)
export const set = (...parts: readonly Uint8Array[]): Buffer => tagged(universal.set, ...parts)
export const octets = (content: Uint8Array): Buffer => tagged(universal.octetString, content)
export const boolean = (value: boolean): Buffer =>
  tagged(universal.boolean, Buffer.from([value ? 0xff : 0]))

/** Of a non-negative number, most significant byte first. */
export function integer(bytes: Uint8Array): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0)
  const digits = start < 0 ? Buffer.from([0]) : bytes.subarray(start)
  return tagged(universal.integer, ...(digits[0]! & 0x80 ? [Buffer.from([0])] : []), digits)
}

/** Whole bytes, or the last of them with some bits unused. */
export const bits = (content: Uint8Array, unused = 0): Buffer =>
  tagged(universal.bitString, Buffer.from([unused]), content)

/** `2.5.4.3` */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(universal.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}

const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/

/** A PrintableString where its alphabet suffices, else a UTF8String (RFC 5280, 4.1.2.4). */
export const text = (value: string): Buffer =>
  tagged(
    printable.test(value) ? universal.printableString : universal.utf8String,
    Buffer.from(value),
  )

/** UTCTime until 2049, GeneralizedTime after it (RFC 5280, 4.1.2.5), to the second. */
export function time(ms: number): Buffer {
  const digits = new Date(ms)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '')
  return digits < '2050'
    ? tagged(universal.utcTime, Buffer.from(digits.slice(2)))
    : tagged(universal.generalizedTime, Buffer.from(digits))
}

/** `[n]` around values (constructed), or in place of a value's own tag. */
export const explicit = (n: number, ...parts: readonly Uint8Array[]): Buffer =>
  tagged(0xa0 | n, ...parts)
export const implicit = (n: number, content: Uint8Array): Buffer => tagged(0x80 | n, content)

/** The values that stand side by side in this one, each with its tag. Throws on bytes that are cut short. */
export function children(value: Buffer): Buffer[] {
  const { start, end } = extent(value, 0)
  const found: Buffer[] = []
  for (let at = start; at < end;) {
    const next = extent(value, at).end
    if (next > end) throw new Error('a value reaches past the one around it')
    found.push(value.subarray(at, next))
    at = next
  }
  return found
}

/** A value without its tag and length. */
export function content(value: Buffer): Buffer {
  const { start, end } = extent(value, 0)
  return value.subarray(start, end)
}

function extent(bytes: Buffer, at: number): { start: number; end: number } {
  const first = bytes[at + 1]
  if (first === undefined) throw new Error('the value is cut short')
  const more = first < 0x80 ? 0 : first & 0x7f
  const length = more === 0 ? first : bytes.readUIntBE(at + 2, Math.min(more, 6))
  const start = at + 2 + more
  if (start + length > bytes.length) throw new Error('the value is cut short')
  return { start, end: start + length }
}

export function pem(label: string, value: Uint8Array): string {
  const lines =
    Buffer.from(value)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
