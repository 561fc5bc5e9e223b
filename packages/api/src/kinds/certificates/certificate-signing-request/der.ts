/** One element of DER: its tag, what it holds, and all of its bytes. */
export interface DerElement {
  readonly tag: number
  readonly content: Buffer
  readonly whole: Buffer
}

/** Not DER, in the words of Go's encoding/asn1. */
export class DerError extends Error {
  override name = 'DerError'
}

export const derTags = { bitString: 0x03, objectId: 0x06, sequence: 0x30 } as const

interface DerHeader {
  readonly tag: number
  readonly length: number
  /** Where the content begins. */
  readonly start: number
}

/** The element at the start of the bytes; where a sequence of a type is expected, its name is for the complaint. */
export function readDer(bytes: Buffer, sequenceOf?: string): DerElement {
  if (bytes.length < 2) throw new DerError('asn1: syntax error: sequence truncated')
  const header = { tag: bytes[0]!, ...readLength(bytes) }
  const { tag, length, start } = header
  if (sequenceOf !== undefined && tag !== derTags.sequence) throw tagMismatch(header, sequenceOf)
  if (start + length > bytes.length) throw new DerError('asn1: syntax error: data truncated')
  return {
    tag,
    content: bytes.subarray(start, start + length),
    whole: bytes.subarray(0, start + length),
  }
}

function readLength(bytes: Buffer): { length: number; start: number } {
  const first = bytes[1]!
  if (first < 0x80) return { length: first, start: 2 }
  const count = first & 0x7f
  if (count === 0) throw new DerError('asn1: structure error: indefinite length found (not DER)')
  if (count > 4) throw new DerError('asn1: structure error: length too large')
  if (bytes.length < 2 + count) throw new DerError('asn1: syntax error: truncated tag or length')
  return { length: bytes.readUIntBE(2, count), start: 2 + count }
}

/** What a sequence holds. */
export function childrenOf({ content }: DerElement): DerElement[] {
  const children: DerElement[] = []
  for (let rest = content; rest.length > 0;) {
    const child = readDer(rest)
    children.push(child)
    rest = rest.subarray(child.whole.length)
  }
  return children
}

/** How Go complains of an element where a sequence of the named type should stand. */
function tagMismatch({ tag, length }: DerHeader, type: string): DerError {
  const found = `{class:${tag >> 6} tag:${tag & 0x1f} length:${length} isCompound:${(tag & 0x20) !== 0}}`
  const wanted =
    '{optional:false explicit:false application:false private:false defaultValue:<nil> ' +
    'tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}'
  return new DerError(
    `asn1: structure error: tags don't match (16 vs ${found}) ${wanted} ${type} @2`,
  )
}
