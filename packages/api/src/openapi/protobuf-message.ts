/** A protobuf message under construction: only what the v2 document needs (strings, booleans, messages). */
export class ProtobufMessage {
  readonly #parts: Uint8Array[] = []
  #length = 0

  /** Leaves out undefined and '', as proto3 does. */
  string(field: number, value: unknown): this {
    if (typeof value !== 'string' || value === '') return this
    return this.#bytes(field, Buffer.from(value))
  }

  /** Each of them, empty ones too. */
  strings(field: number, values: unknown): this {
    for (const value of (values ?? []) as string[]) this.#bytes(field, Buffer.from(value))
    return this
  }

  bool(field: number, value: unknown): this {
    if (value === true) this.#append(Buffer.from([...varint(field << 3), 1]))
    return this
  }

  message(field: number, message: ProtobufMessage | undefined): this {
    if (!message) return this
    this.#append(Buffer.from([...varint((field << 3) | 2), ...varint(message.#length)]))
    for (const part of message.#parts) this.#append(part)
    return this
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts, this.#length)
  }

  #bytes(field: number, bytes: Uint8Array): this {
    this.#append(Buffer.from([...varint((field << 3) | 2), ...varint(bytes.length)]))
    this.#append(bytes)
    return this
  }

  #append(part: Uint8Array): void {
    this.#parts.push(part)
    this.#length += part.length
  }
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return [...bytes, rest]
}
