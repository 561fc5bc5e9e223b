import { Duplex } from 'node:stream'
import type { SpdyHeaders } from './header-codec.ts'

/** What a stream needs of its connection. */
export interface StreamLink {
  sendData(streamId: number, data: Buffer, fin: boolean, sent: () => void): void
  sendReset(streamId: number): void
  /** Called when the stream's reader has room again. */
  resume(): void
}

/** Bytes of one data frame at most, so that streams take turns. */
const frameDataBytesMax = 32 * 1024

/** One stream of a SPDY connection; ending it closes our half, the end of its readable side is the peer's. */
export class SpdyStream extends Duplex {
  readonly id: number
  readonly headers: SpdyHeaders
  readonly #link: StreamLink

  constructor(id: number, headers: SpdyHeaders, link: StreamLink) {
    super({ allowHalfOpen: true })
    this.id = id
    this.headers = headers
    this.#link = link
  }

  /** False when the reader is slow: the connection should stop reading. */
  receive(data: Buffer): boolean {
    return this.readableEnded || this.destroyed || data.length === 0 || this.push(data)
  }

  receiveEnd(): void {
    if (!this.destroyed && !this.readableEnded) this.push(null)
  }

  /** Gives the stream up in both directions. */
  reset(): void {
    this.#link.sendReset(this.id)
    this.destroy()
  }

  override _read(): void {
    this.#link.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const pieces: Buffer[] = []
    for (let at = 0; at < chunk.length; at += frameDataBytesMax)
      pieces.push(chunk.subarray(at, at + frameDataBytesMax))
    const last = pieces.pop() ?? Buffer.alloc(0)
    for (const piece of pieces) this.#link.sendData(this.id, piece, false, () => undefined)
    this.#link.sendData(this.id, last, false, () => done())
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#link.sendData(this.id, Buffer.alloc(0), true, () => done())
  }
}
