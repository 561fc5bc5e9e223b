import { decodeHuffman } from './huffman.ts'
import { ProtocolError } from './protocol-error.ts'

/** RFC 7541, appendix A; `name:value`, names alone where there is no value. */
const staticTable: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  ...['200', '204', '206', '304', '400', '404', '500'].map((code) => [':status', code] as const),
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ...(
    'accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control ' +
    'content-disposition content-encoding content-language content-length content-location content-range ' +
    'content-type cookie date etag expect expires from host if-match if-modified-since if-none-match if-range ' +
    'if-unmodified-since last-modified link location max-forwards proxy-authenticate proxy-authorization range ' +
    'referer refresh retry-after server set-cookie strict-transport-security transfer-encoding user-agent vary ' +
    'via www-authenticate'
  )
    .split(' ')
    .map((name) => [name, ''] as const),
]

/** Header names in lower case; a name that comes twice keeps all values, joined by a comma. */
export type Headers = Readonly<Record<string, string>>

const tableBytesMax = 4096
const entryOverheadBytes = 32
/** Far more than any gRPC client sends; a peer cannot make us keep more. */
const headerListBytesMax = 256 << 10

interface Entry {
  readonly name: string
  readonly value: string
}

/** The receiving side of header compression on one connection (RFC 7541). */
export class HpackDecoder {
  /** Newest first. */
  readonly #dynamic: Entry[] = []
  #dynamicBytes = 0
  #limitBytes = tableBytesMax
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0
  /** The last block, and what it says as long as the table is as it was then. */
  #known: { readonly block: Buffer; readonly headers: Headers } | undefined

  decode(block: Buffer): Headers {
    if (this.#known?.block.equals(block)) return this.#known.headers
    const headers = this.#decode(block)
    // Indices alone leave the table as it is: a client that repeats a call sends the very same block.
    const isRepeatable = block.every((byte) => byte & 0x80)
    this.#known = isRepeatable ? { block: Buffer.from(block), headers } : undefined
    return headers
  }

  #decode(block: Buffer): Headers {
    this.#bytes = block
    this.#at = 0
    this.#end = block.length
    const headers: Record<string, string> = {}
    let listBytes = 0
    while (this.#at < this.#end) {
      const entry = this.#field()
      if (!entry) continue
      listBytes += sizeOf(entry)
      if (listBytes > headerListBytesMax) {
        throw new ProtocolError('ENHANCE_YOUR_CALM', 'the header list is too long')
      }
      const before = headers[entry.name]
      headers[entry.name] = before === undefined ? entry.value : `${before},${entry.value}`
    }
    return headers
  }

  /** One representation (section 6); undefined when it only resizes the table. */
  #field(): Entry | undefined {
    const first = this.#bytes[this.#at]!
    if (first & 0x80) return this.#lookup(this.#integer(7))
    if (first & 0x40) {
      const entry = this.#literal(6)
      this.#insert(entry)
      return entry
    }
    if (first & 0x20) {
      const limit = this.#integer(5)
      if (limit > tableBytesMax) throw new ProtocolError('COMPRESSION_ERROR', 'table too large')
      this.#limitBytes = limit
      this.#evict(0)
      return undefined
    }
    return this.#literal(4)
  }

  #literal(prefixBits: number): Entry {
    const index = this.#integer(prefixBits)
    const name = index === 0 ? this.#string() : this.#lookup(index).name
    return { name, value: this.#string() }
  }

  #lookup(index: number): Entry {
    const fixed = staticTable[index - 1]
    if (fixed) return { name: fixed[0], value: fixed[1] }
    const entry = this.#dynamic[index - staticTable.length - 1]
    if (!entry) throw new ProtocolError('COMPRESSION_ERROR', `no header at index ${index}`)
    return entry
  }

  #insert(entry: Entry): void {
    const size = sizeOf(entry)
    this.#evict(size)
    if (size > this.#limitBytes) return
    this.#dynamic.unshift(entry)
    this.#dynamicBytes += size
  }

  #evict(needBytes: number): void {
    while (this.#dynamic.length > 0 && this.#dynamicBytes + needBytes > this.#limitBytes) {
      this.#dynamicBytes -= sizeOf(this.#dynamic.pop()!)
    }
  }

  /** Section 5.1. */
  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1
    let value = this.#byte() & mask
    if (value < mask) return value
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new ProtocolError('COMPRESSION_ERROR', 'integer too large')
  }

  /** Section 5.2. */
  #string(): string {
    const isHuffman = (this.#bytes[this.#at]! & 0x80) !== 0
    const length = this.#integer(7)
    const start = this.#at
    const end = start + length
    if (end > this.#end) throw new ProtocolError('COMPRESSION_ERROR', 'string cut short')
    this.#at = end
    return isHuffman
      ? decodeHuffman(this.#bytes, start, end)
      : this.#bytes.toString('latin1', start, end)
  }

  #byte(): number {
    if (this.#at >= this.#end)
      throw new ProtocolError('COMPRESSION_ERROR', 'header block cut short')
    return this.#bytes[this.#at++]!
  }
}

function sizeOf({ name, value }: Entry): number {
  return name.length + value.length + entryOverheadBytes
}
