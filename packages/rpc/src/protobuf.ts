/**
 * Protobuf for hot paths: codecs that scripts/gen-codec.ts writes from proto/, and the reader and writer below. They
 * need no reflection at start and turn `bytes` into latin1 strings (one character a byte), which compare, hash and sit
 * in memory better than Buffers. 64-bit identifiers are bigints; other 64-bit integers are numbers, exact to 2^53.
 */

/** A message as a sender may write it: what is absent is the proto3 default. */
export type Init<T> = T extends Uint8Array
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Init<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]?: Init<T[Key]> | undefined }
      : T

export interface Codec<T> {
  /** Reads one message that ends at `end`. Throws a ProtobufError on a malformed one. */
  decode(reader: ProtobufReader, end: number): T
  encode(writer: ProtobufWriter, message: Init<T>): void
}

/** A method of a service, as the codecs know it. */
export interface CodecMethod<Request, Response> {
  readonly path: string
  readonly request: Codec<Request>
  readonly response: Codec<Response>
  readonly requestStream: boolean
  readonly responseStream: boolean
}

/** The bytes are no message of this type. */
export class ProtobufError extends Error {
  override name = 'ProtobufError'
}

export function decodeMessage<T>(codec: Codec<T>, bytes: Buffer): T {
  return codec.decode(new ProtobufReader(bytes), bytes.length)
}

const sharedScratchBytes = 64 << 10
/** Texts up to here are written character by character: a call into Node takes longer. */
const shortLength = 24
let shared: ProtobufWriter | undefined

/** The message in a Buffer of its own. */
export function encodeMessage<T>(codec: Codec<T>, message: Init<T>): Buffer {
  shared ??= new ProtobufWriter(sharedScratchBytes)
  shared.reset()
  codec.encode(shared, message)
  return Buffer.from(shared.bytes())
}

/** Node's own primitives below `toString` and `write`, which spare the choice of an encoding at each call. */
type RawBuffer = Buffer & {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  latin1Write(text: string, offset: number, length: number): number
}

export class ProtobufReader {
  readonly bytes: RawBuffer
  position: number

  constructor(bytes: Buffer, position = 0) {
    this.bytes = bytes as RawBuffer
    this.position = position
  }

  /** Field number and wire type; also for lengths and enums. */
  uint32(): number {
    const { bytes } = this
    let byte = bytes[this.position++]!
    if (byte < 0x80) return byte
    let value = byte & 0x7f
    for (let shift = 7; shift < 70; shift += 7) {
      byte = this.#byte()
      if (shift < 32) value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new ProtobufError('varint is too long')
  }

  int32(): number {
    return this.uint32() | 0
  }

  double(): number {
    const at = this.position
    this.position += 8
    if (this.position > this.bytes.length) throw new ProtobufError('the message is cut short')
    return this.bytes.readDoubleLE(at)
  }

  bool(): boolean {
    return this.int64() !== 0
  }

  /** Signed; exact within 2^53. */
  int64(): number {
    const first = this.bytes[this.position]!
    if (first < 0x80) {
      this.position += 1
      return first
    }
    const { low, high } = this.#words()
    return (high | 0) * 0x1_0000_0000 + low
  }

  uint64(): number {
    const { low, high } = this.#words()
    return high * 0x1_0000_0000 + low
  }

  bigInt64(): bigint {
    return BigInt.asIntN(64, this.bigUint64())
  }

  bigUint64(): bigint {
    const { low, high } = this.#words()
    return (BigInt(high) << 32n) | BigInt(low)
  }

  /** A `bytes` field, one character a byte. */
  latin1(): string {
    const end = this.#end()
    const text = this.bytes.latin1Slice(this.position, end)
    this.position = end
    return text
  }

  utf8(): string {
    const end = this.#end()
    const text = this.bytes.utf8Slice(this.position, end)
    this.position = end
    return text
  }

  /** A `bytes` field as a view of the message. */
  view(): Buffer {
    const end = this.#end()
    const view = this.bytes.subarray(this.position, end)
    this.position = end
    return view
  }

  message<T>(codec: Codec<T>): T {
    const end = this.#end()
    const value = codec.decode(this, end)
    if (this.position !== end) throw new ProtobufError('a field reaches past its message')
    return value
  }

  /** A repeated number: packed, or one by one as older writers send it. */
  packed(tag: number, into: number[]): void {
    if ((tag & 7) === 0) {
      into.push(this.int64())
      return
    }
    const end = this.#end()
    while (this.position < end) into.push(this.int64())
  }

  /** Passes over a field that this side does not know. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        while (this.#byte() >= 0x80) {
          // the rest of the varint
        }
        return
      case 1:
        this.position += 8
        break
      case 2:
        this.position = this.#end()
        break
      case 5:
        this.position += 4
        break
      default:
        throw new ProtobufError(`wire type ${tag & 7} is not known`)
    }
    if (this.position > this.bytes.length) throw new ProtobufError('the message is cut short')
  }

  #end(): number {
    const length = this.uint32()
    const end = this.position + length
    if (!(end <= this.bytes.length)) throw new ProtobufError('the message is cut short')
    return end
  }

  #byte(): number {
    if (this.position >= this.bytes.length) throw new ProtobufError('the message is cut short')
    return this.bytes[this.position++]!
  }

  #words(): { low: number; high: number } {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte()
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else if (shift < 63) high |= bits << (shift - 32)
      else high |= (bits & 1) << 31
      if (byte < 0x80) return { low: low >>> 0, high: high >>> 0 }
    }
    throw new ProtobufError('varint is too long')
  }
}

/**
 * Writes from the end towards the front, so that the length of a nested message is known when it is written: one pass,
 * no sizes computed ahead. Fields are therefore written in falling order.
 */
export class ProtobufWriter {
  #buffer: RawBuffer
  #position: number

  constructor(initialBytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(initialBytes) as RawBuffer
    this.#position = initialBytes
  }

  get length(): number {
    return this.#buffer.length - this.#position
  }

  /** What was written, as a view that the next use of this writer overwrites. */
  bytes(): Buffer {
    return this.#buffer.subarray(this.#position)
  }

  copyTo(target: Buffer, at: number): void {
    this.#buffer.copy(target, at, this.#position)
  }

  reset(): void {
    this.#position = this.#buffer.length
  }

  uint32(value: number): void {
    if (value < 0x80) {
      this.#need(1)
      this.#buffer[--this.#position] = value
      return
    }
    this.#varint(value)
  }

  /** Any safe integer; negative ones as ten bytes, as protobuf wants. */
  int64(value: number): void {
    if (value < 0) this.bigInt64(BigInt(value))
    else this.uint32(value)
  }

  bigInt64(value: bigint): void {
    if (value >= 0n && value < 0x8000_0000n) this.uint32(Number(value))
    else this.#bigVarint(BigInt.asUintN(64, value))
  }

  double(value: number): void {
    this.#need(8)
    this.#position -= 8
    this.#buffer.writeDoubleLE(value, this.#position)
  }

  bool(value: boolean): void {
    this.uint32(value ? 1 : 0)
  }

  latin1(text: string): void {
    const length = text.length
    this.#need(length)
    this.#position -= length
    const buffer = this.#buffer
    if (length <= shortLength) {
      const at = this.#position
      for (let i = 0; i < length; i++) buffer[at + i] = text.charCodeAt(i)
    } else buffer.latin1Write(text, this.#position, length)
    this.uint32(length)
  }

  utf8(text: string): void {
    if (isShortAscii(text)) this.latin1(text)
    else this.raw(Buffer.from(text))
  }

  /** Bytes with their length before them. */
  raw(bytes: Uint8Array): void {
    this.#need(bytes.length)
    this.#position -= bytes.length
    this.#buffer.set(bytes, this.#position)
    this.uint32(bytes.length)
  }

  message<T>(codec: Codec<T>, message: Init<T>): void {
    const before = this.length
    codec.encode(this, message)
    this.uint32(this.length - before)
  }

  packed(values: readonly number[]): void {
    const before = this.length
    for (let i = values.length - 1; i >= 0; i--) this.int64(values[i]!)
    this.uint32(this.length - before)
  }

  byte(value: number): void {
    this.#need(1)
    this.#buffer[--this.#position] = value
  }

  /** Big-endian, as gRPC's own framing wants. */
  fixed32(value: number): void {
    this.#need(4)
    this.#position -= 4
    this.#buffer.writeUInt32BE(value, this.#position)
  }

  #varint(value: number): void {
    let bytes = 1
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1
    this.#need(bytes)
    this.#position -= bytes
    let at = this.#position
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#buffer[at++] = (rest % 0x80) | 0x80
    this.#buffer[at] = rest
  }

  #bigVarint(value: bigint): void {
    let bytes = bigVarints.get(value)
    if (!bytes) {
      bytes = encodeBigVarint(value)
      if (bigVarints.size < bigVarintsMax) bigVarints.set(value, bytes)
    }
    const length = bytes.length
    this.#need(length)
    this.#position -= length
    for (let i = 0; i < length; i++) this.#buffer[this.#position + i] = bytes[i]!
  }

  #need(bytes: number): void {
    if (this.#position >= bytes) return
    const used = this.length
    const size = Math.max(this.#buffer.length * 2, used + bytes + 1024)
    const grown = Buffer.allocUnsafeSlow(size) as RawBuffer
    this.#buffer.copy(grown, grown.length - used, this.#position)
    this.#position = grown.length - used
    this.#buffer = grown
  }
}

/** Identifiers repeat: those of a cluster and its members are in every answer. */
const bigVarints = new Map<bigint, readonly number[]>()
const bigVarintsMax = 256

/** The same bytes in UTF-8 and latin1: a name, mostly. */
function isShortAscii(text: string): boolean {
  if (text.length > shortLength) return false
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false
  return true
}

function encodeBigVarint(value: bigint): readonly number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return bytes
}
