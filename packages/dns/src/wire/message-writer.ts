import * as dnsPacket from 'dns-packet'
import type { ResourceRecord } from './message.ts'

/** What the library has besides its typed functions: encoders of each type's data, with its length in front. */
const library = dnsPacket as unknown as {
  readonly record: (type: string) => { encode(data: unknown): Buffer }
}
const numberOf = numbers()

/** Names above this offset cannot be pointed to (RFC 1035 4.1.4). */
const pointerLimit = 0x3fff

/** Writes a DNS message with compressed names; `mark` and `rewind` take back a record that does not fit. */
export class MessageWriter {
  #bytes = Buffer.alloc(1024)
  #length = 0
  /** Offsets of names that were written, by their text from some label to the end. */
  readonly #names = new Map<string, number>()

  get length(): number {
    return this.#length
  }

  rewind(length: number): void {
    this.#length = length
    for (const [name, offset] of this.#names) if (offset >= length) this.#names.delete(name)
  }

  uint8(value: number): void {
    this.#reserve(1)
    this.#length = this.#bytes.writeUInt8(value & 0xff, this.#length)
  }

  uint16(value: number): void {
    this.#reserve(2)
    this.#length = this.#bytes.writeUInt16BE(value & 0xffff, this.#length)
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#length = this.#bytes.writeUInt32BE(value >>> 0, this.#length)
  }

  setUint16(offset: number, value: number): void {
    this.#bytes.writeUInt16BE(value & 0xffff, offset)
  }

  /** A name without its last dot; the root is ''. */
  name(text: string, compresses = true): void {
    let rest = text.endsWith('.') ? text.slice(0, -1) : text
    while (rest !== '') {
      const offset = compresses ? this.#names.get(rest) : undefined
      if (offset !== undefined) return this.uint16(0xc000 | offset)
      if (this.#length <= pointerLimit && !this.#names.has(rest))
        this.#names.set(rest, this.#length)
      const dot = rest.indexOf('.')
      this.#label(dot < 0 ? rest : rest.slice(0, dot))
      rest = dot < 0 ? '' : rest.slice(dot + 1)
    }
    this.uint8(0)
  }

  type(name: string): void {
    this.uint16(numberOf.type(name))
  }

  class(name: string): void {
    this.uint16(numberOf.class(name))
  }

  record(record: ResourceRecord): void {
    this.name(record.name)
    this.type(record.type)
    this.class(record.class ?? 'IN')
    this.uint32(record.ttl ?? 0)
    const at = this.#length
    this.uint16(0)
    this.#data(record)
    this.setUint16(at, this.#length - at - 2)
  }

  bytes(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length))
  }

  /** Names in the data are compressed only in the types of RFC 1035, which every reader expects (RFC 3597 4). */
  #data(record: ResourceRecord): void {
    switch (record.type) {
      case 'CNAME':
      case 'NS':
      case 'PTR':
        return this.name(record.data)
      case 'SRV':
        this.uint16(record.data.priority ?? 0)
        this.uint16(record.data.weight ?? 0)
        this.uint16(record.data.port)
        return this.name(record.data.target, false)
      case 'SOA':
        this.name(record.data.mname)
        this.name(record.data.rname)
        for (const field of ['serial', 'refresh', 'retry', 'expire', 'minimum'] as const)
          this.uint32(record.data[field] ?? 0)
        return
      default:
        return this.#copy(library.record(record.type).encode(record.data).subarray(2))
    }
  }

  #label(label: string): void {
    const bytes = Buffer.from(label)
    this.uint8(bytes.length)
    this.#copy(bytes)
  }

  #copy(bytes: Buffer): void {
    this.#reserve(bytes.length)
    this.#length += bytes.copy(this.#bytes, this.#length)
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const size = Math.max(this.#bytes.length * 2, this.#length + count)
    this.#bytes = Buffer.concat([this.#bytes], size)
  }
}

/** The library keeps its numbers to itself: they are read off an encoded question. */
function numbers(): { type(name: string): number; class(name: string): number } {
  const types = new Map<string, number>()
  const classes = new Map<string, number>()
  const read = (
    cache: Map<string, number>,
    key: string,
    question: object,
    back: number,
  ): number => {
    let number = cache.get(key)
    if (number === undefined) {
      const bytes = dnsPacket.encode({ questions: [question as dnsPacket.Question] })
      cache.set(key, (number = bytes.readUInt16BE(bytes.length - back)))
    }
    return number
  }
  return {
    type: (type) => read(types, type, { name: '.', type }, 4),
    class: (klass) => read(classes, klass, { name: '.', type: 'A', class: klass }, 2),
  }
}
