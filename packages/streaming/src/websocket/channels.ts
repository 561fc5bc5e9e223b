import { Readable, Writable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'

/** v5: a message whose first byte is this says that the channel in the second has ended. */
const closeSignal = 255

/** How the number of a channel and its bytes are put into a message. */
export type ChannelCoding = 'binary' | 'base64'

/**
 * Several byte streams on one WebSocket: each message begins with its channel's number, as a byte or, in the base64
 * protocols, as a digit before base64 text (upstream's wsstream).
 */
export class WebSocketChannels {
  readonly #webSocket: WebSocket
  readonly #coding: ChannelCoding
  readonly #readers = new Map<number, Readable>()
  readonly closed: Promise<void>

  constructor(webSocket: WebSocket, coding: ChannelCoding) {
    this.#webSocket = webSocket
    this.#coding = coding
    this.closed = new Promise((resolve) => {
      webSocket.on('close', () => {
        for (const reader of this.#readers.values()) reader.push(null)
        resolve()
      })
    })
    webSocket.on('message', (data) => this.#onMessage(toBuffer(data)))
  }

  reader(channel: number): Readable {
    const reader = new Readable({ read: () => this.#webSocket.resume() })
    this.#readers.set(channel, reader)
    return reader
  }

  writer(channel: number): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => void this.send(channel, chunk).then(() => done()),
    })
  }

  /** Resolves when the message is handed to the system; a connection that is gone takes everything. */
  send(channel: number, bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (this.#webSocket.readyState !== this.#webSocket.OPEN) return resolve()
      this.#webSocket.send(this.#encode(channel, bytes), () => resolve())
    })
  }

  close(): void {
    this.#webSocket.close(1000)
  }

  #encode(channel: number, bytes: Buffer): Buffer | string {
    return this.#coding === 'base64'
      ? `${channel}${bytes.toString('base64')}`
      : Buffer.concat([Buffer.from([channel]), bytes])
  }

  #onMessage(message: Buffer): void {
    if (message.length === 0) return
    if (this.#coding === 'binary' && message[0] === closeSignal)
      return void this.#readers.get(message[1] ?? closeSignal)?.push(null)
    const { channel, bytes } = this.#decode(message)
    const reader = this.#readers.get(channel)
    // A client may write to a channel that it did not ask for; upstream drops that too.
    if (reader && !reader.readableEnded && bytes.length > 0 && !reader.push(bytes))
      this.#webSocket.pause()
  }

  #decode(message: Buffer): { channel: number; bytes: Buffer } {
    if (this.#coding === 'binary') return { channel: message[0]!, bytes: message.subarray(1) }
    const text = message.toString('latin1')
    return { channel: Number(text[0]), bytes: Buffer.from(text.slice(1), 'base64') }
  }
}

function toBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}
