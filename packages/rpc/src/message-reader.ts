import { RpcError } from './error.ts'
import { status } from './status.ts'

/** Compressed flag and length before each message. */
const prefixBytes = 5

/** A message with its prefix. */
export function frameMessage(message: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(prefixBytes + message.length)
  framed[0] = 0
  framed.writeUInt32BE(message.length, 1)
  message.copy(framed, prefixBytes)
  return framed
}

/** Finds the messages in what a stream brings. Parts of a long one are joined once, when the last is there. */
export class MessageReader {
  readonly #limitBytes: number
  #parts: Buffer[] = []
  #partsBytes = 0
  #wantedBytes = prefixBytes

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** The messages that are complete now; throws an RpcError where none can be read. */
  push(bytes: Buffer): Buffer[] {
    this.#partsBytes += bytes.length
    this.#parts.push(bytes)
    if (this.#partsBytes < this.#wantedBytes) return []
    let data = this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts)
    const messages: Buffer[] = []
    this.#wantedBytes = prefixBytes
    while (data.length >= prefixBytes) {
      const end = prefixBytes + this.#lengthOf(data)
      if (data.length < end) {
        this.#wantedBytes = end
        break
      }
      messages.push(data.subarray(prefixBytes, end))
      data = data.subarray(end)
    }
    this.#parts = data.length > 0 ? [data] : []
    this.#partsBytes = data.length
    return messages
  }

  #lengthOf(data: Buffer): number {
    if (data[0] !== 0)
      throw new RpcError(status.UNIMPLEMENTED, 'compressed messages are not supported')
    const length = data.readUInt32BE(1)
    if (length <= this.#limitBytes) return length
    const text = `received message larger than max (${length} vs. ${this.#limitBytes})`
    throw new RpcError(status.RESOURCE_EXHAUSTED, `grpc: ${text}`)
  }
}
