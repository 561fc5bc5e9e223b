import { status } from '../status.ts'

/** Header blocks as we send them: no table, no Huffman, so the constant ones are made once. */
const encodedStatus200 = Buffer.from([0x88])

function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), string(name), string(value)])
}

/** RFC 7541, section 5.2, without Huffman. */
function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  return Buffer.concat([length(bytes.length), bytes])
}

function length(value: number): Buffer {
  if (value < 0x7f) return Buffer.from([value])
  const bytes = [0x7f]
  let rest = value - 0x7f
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}

export const responseHeaders = Buffer.concat([
  encodedStatus200,
  literal('content-type', 'application/grpc'),
])

/** The head of an answer that is no gRPC. */
export function plainHeaders(status: number, headers: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat([literal(':status', String(status)), headerFields(headers)])
}

export const okTrailers = literal('grpc-status', String(status.OK))

export function trailers(
  code: number,
  message: string,
  metadata: Readonly<Record<string, string>> = {},
): Buffer {
  if (code === status.OK) return okTrailers
  return Buffer.concat([
    literal('grpc-status', String(code)),
    literal('grpc-message', percentEncode(message)),
    headerFields(metadata),
  ])
}

/** A response without a message: headers and trailers in one block. */
export function trailersOnly(
  code: number,
  message: string,
  metadata?: Readonly<Record<string, string>>,
): Buffer {
  return Buffer.concat([responseHeaders, trailers(code, message, metadata)])
}

/** Fields that join any block; names in lower case. */
export function headerFields(metadata: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(Object.entries(metadata).map(([name, value]) => literal(name, value)))
}

/** The headers of a call that we make. */
export function requestHeaders(
  path: string,
  authority: string,
  isSecure: boolean,
  metadata: Readonly<Record<string, string>>,
): Buffer {
  return Buffer.concat([
    literal(':method', 'POST'),
    literal(':scheme', isSecure ? 'https' : 'http'),
    literal(':path', path),
    literal(':authority', authority),
    literal('te', 'trailers'),
    literal('content-type', 'application/grpc'),
    headerFields(metadata),
  ])
}

/** gRPC over HTTP/2: Percent-Encoded is UTF-8 with everything outside of printable ASCII, and `%`, as %XX. */
export function percentEncode(message: string): string {
  let text = ''
  for (const byte of Buffer.from(message)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25
    text += isPlain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}

export function percentDecode(text: string): string {
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString()
}
