import { constants, inflateRawSync } from 'node:zlib'
import { headerDictionary } from './dictionary.ts'

/** Header names (lower case) and values of a stream. */
export type SpdyHeaders = Readonly<Record<string, string>>

/** A peer that breaks the protocol; its connection is closed. */
export class SpdyError extends Error {
  override name = 'SpdyError'
}

/** A block that unpacks to more is refused. */
const blockBytesMax = 1024 * 1024
/** How far back a compressed block may point (RFC 1951). */
const windowBytes = 32 * 1024

/** zlib's header for a preset dictionary (RFC 1950): method, flags, and the dictionary's Adler-32. */
const zlibHeader = Buffer.from([0x78, 0xbb, ...adler32(headerDictionary)])

/** An empty block: Go's reader gives out what it has only when it meets one. */
const syncFlush = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff])

function adler32(bytes: Buffer): number[] {
  let a = 1
  let b = 0
  for (const byte of bytes) {
    a = (a + byte) % 65_521
    b = (b + a) % 65_521
  }
  return [b >> 8, b & 0xff, a >> 8, a & 0xff]
}

/**
 * Packs header blocks. All blocks of a connection are one zlib stream, which may hold uncompressed blocks: a few dozen
 * bytes for each stream are not worth a compressor's state.
 */
export class HeaderEncoder {
  #isFirst = true

  encode(headers: SpdyHeaders): Buffer {
    const block = packBlock(headers)
    const stored = Buffer.alloc(5)
    stored.writeUInt16LE(block.length, 1)
    stored.writeUInt16LE(~block.length & 0xffff, 3)
    const start = this.#isFirst ? [zlibHeader] : []
    this.#isFirst = false
    return Buffer.concat([...start, stored, block, syncFlush])
  }
}

function packBlock(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers)
  const count = Buffer.alloc(4)
  count.writeUInt32BE(entries.length)
  const parts = entries.flatMap(([name, value]) => [packText(name.toLowerCase()), packText(value)])
  return Buffer.concat([count, ...parts])
}

function packText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/**
 * Unpacks header blocks. Each ends at a byte boundary (a sync flush), so it can be unpacked by itself when the window
 * of what came before is given as its dictionary.
 */
export class HeaderDecoder {
  #window: Buffer = headerDictionary
  #isFirst = true

  decode(compressed: Buffer): SpdyHeaders {
    const block = this.#inflate(this.#isFirst ? this.#withoutZlibHeader(compressed) : compressed)
    this.#isFirst = false
    this.#window = Buffer.concat([this.#window, block]).subarray(-windowBytes)
    return unpackBlock(block)
  }

  #withoutZlibHeader(compressed: Buffer): Buffer {
    const hasDictionary = ((compressed[1] ?? 0) & 0x20) !== 0
    if (!hasDictionary) this.#window = Buffer.alloc(0)
    return compressed.subarray(hasDictionary ? 6 : 2)
  }

  #inflate(compressed: Buffer): Buffer {
    try {
      return inflateRawSync(compressed, {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: blockBytesMax,
        ...(this.#window.length > 0 && { dictionary: this.#window }),
      })
    } catch (error) {
      throw new SpdyError('header block cannot be unpacked', { cause: error })
    }
  }
}

function unpackBlock(block: Buffer): SpdyHeaders {
  let at = 0
  const readLength = (): number => {
    if (at + 4 > block.length) throw new SpdyError('header block is cut short')
    at += 4
    return block.readUInt32BE(at - 4)
  }
  const readText = (): string => {
    const length = readLength()
    if (at + length > block.length) throw new SpdyError('header block is cut short')
    at += length
    return block.toString('utf8', at - length, at)
  }
  const headers: Record<string, string> = {}
  for (let left = readLength(); left > 0; left--) {
    const name = readText()
    // Several values of one name are held apart by a zero byte.
    headers[name] = readText().replaceAll('\0', ', ')
  }
  return headers
}
