/** A fresh buffer holds a common object without growing. */
const initialBytes = 4096

/**
 * Writes a message from its end to its beginning, as gogo's generated code does: what a field contains is
 * written before its length is, so nothing is copied.
 */
export class WireWriter {
  #buffer = Buffer.allocUnsafe(initialBytes)
  #start = initialBytes

  /** Bytes written so far: a mark from which `field` counts. */
  get length(): number {
    return this.#buffer.length - this.#start
  }

  /** What was written; the writer keeps no hold of it. */
  finish(): Buffer {
    return this.#buffer.subarray(this.#start)
  }

  bytes(bytes: Buffer): void {
    this.#reserve(bytes.length)
    bytes.copy(this.#buffer, this.#start)
  }

  text(text: string): void {
    const length = Buffer.byteLength(text)
    this.#reserve(length)
    this.#buffer.write(text, this.#start)
  }

  /** A number as int64 does it: negative ones take ten bytes. */
  varint(value: number): void {
    if (value < 0 || value > 0xffffffff) return this.#bigVarint(BigInt.asUintN(64, BigInt(value)))
    let length = 1
    for (let left = value; left > 0x7f; left = Math.floor(left / 128)) length += 1
    this.#reserve(length)
    let left = value
    for (let at = this.#start; length > 0; at += 1, length -= 1) {
      this.#buffer[at] = (left % 128) | (length > 1 ? 0x80 : 0)
      left = Math.floor(left / 128)
    }
  }

  double(value: number): void {
    this.#reserve(8)
    this.#buffer.writeDoubleLE(value, this.#start)
  }

  /** The tag of a field whose value (bytes, text or message) was written since the mark. */
  field(number: number, mark: number): void {
    this.varint(this.length - mark)
    this.tag(number, 2)
  }

  /** The tag of a field whose value was just written; 0: varint, 1: eight bytes, 2: length and bytes. */
  tag(number: number, wireType: 0 | 1 | 2): void {
    this.varint((number << 3) | wireType)
  }

  #bigVarint(value: bigint): void {
    const bytes: number[] = []
    for (let left = value; ; left >>= 7n) {
      const low = Number(left & 0x7fn)
      if (left < 0x80n) {
        bytes.push(low)
        break
      }
      bytes.push(low | 0x80)
    }
    this.bytes(Buffer.from(bytes))
  }

  #reserve(length: number): void {
    if (length > this.#start) this.#grow(length)
    this.#start -= length
  }

  #grow(needed: number): void {
    const used = this.length
    const size = Math.max(this.#buffer.length * 2, used + needed)
    const larger = Buffer.allocUnsafe(size)
    this.#buffer.copy(larger, size - used, this.#start)
    this.#start = size - used
    this.#buffer = larger
  }
}
