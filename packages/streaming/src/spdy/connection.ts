import type { Duplex } from 'node:stream'
import {
  dataFrame,
  FrameReader,
  goAwayFrame,
  pingFrame,
  resetStatus,
  rstStreamFrame,
  synReplyFrame,
  synStreamFrame,
} from './frames.ts'
import type { SpdyFrame } from './frames.ts'
import { HeaderDecoder, HeaderEncoder, SpdyError } from './header-codec.ts'
import type { SpdyHeaders } from './header-codec.ts'
import { SpdyStream } from './stream.ts'
import type { StreamLink } from './stream.ts'

export interface SpdyConnectionOptions {
  readonly role: 'client' | 'server'
  /** Takes a stream that the peer opened, or answers why not. */
  readonly onStream?: (stream: SpdyStream) => string | undefined
}

/**
 * SPDY/3.1 over a connection that was upgraded: many streams on one socket, as kubectl's exec, attach and port-forward
 * speak it. No flow control, as their other end (moby/spdystream) has none: a slow reader of one stream holds up the
 * connection.
 */
export class SpdyConnection {
  readonly #socket: Duplex
  readonly #onStream: (stream: SpdyStream) => string | undefined
  readonly #reader = new FrameReader()
  readonly #encoder = new HeaderEncoder()
  readonly #decoder = new HeaderDecoder()
  readonly #streams = new Map<number, SpdyStream>()
  readonly #replies = new Map<number, { resolve: () => void; reject: (error: Error) => void }>()
  readonly #link: StreamLink
  #nextId: number
  #lastPeerId = 0
  #isClosed = false
  #wake: () => void = () => undefined
  /** Resolves when the socket is gone, for whatever reason. */
  readonly closed: Promise<void>

  constructor(socket: Duplex, options: SpdyConnectionOptions) {
    this.#socket = socket
    this.#onStream = options.onStream ?? (() => 'no streams are taken here')
    this.#nextId = options.role === 'client' ? 1 : 2
    this.#link = {
      sendData: (id, data, fin, sent) => this.#write(dataFrame(id, data, fin), sent),
      sendReset: (id) => {
        this.#streams.delete(id)
        this.#write(rstStreamFrame(id, resetStatus.cancel))
      },
      resume: () => this.#socket.resume(),
    }
    this.closed = new Promise((resolve) => {
      this.#wake = resolve
    })
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', () => socket.destroy())
    socket.on('end', () => this.#onGone())
    socket.on('close', () => this.#onGone())
  }

  /** Opens a stream; resolves when the peer has taken it. */
  async createStream(headers: SpdyHeaders): Promise<SpdyStream> {
    const id = this.#nextId
    this.#nextId += 2
    const stream = new SpdyStream(id, headers, this.#link)
    this.#adopt(stream)
    const answered = new Promise<void>((resolve, reject) => {
      this.#replies.set(id, { resolve, reject })
    })
    this.#write(synStreamFrame(id, this.#encoder.encode(headers)))
    await answered
    return stream
  }

  /** Says goodbye after everything that was written, then closes the socket. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#socket.end(goAwayFrame(this.#lastPeerId))
  }

  #write(frame: Buffer, sent: () => void = () => undefined): void {
    if (this.#isClosed || this.#socket.destroyed || this.#socket.writableEnded) return sent()
    this.#socket.write(frame, sent)
  }

  #onData(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#onFrame(frame)
    } catch (error) {
      if (!(error instanceof SpdyError)) throw error
      this.#socket.destroy(error)
    }
  }

  #onFrame(frame: SpdyFrame): void {
    switch (frame.kind) {
      case 'synStream':
        return this.#onSynStream(frame.streamId, this.#decoder.decode(frame.block), frame.fin)
      case 'synReply':
        this.#decoder.decode(frame.block)
        this.#replies.get(frame.streamId)?.resolve()
        this.#replies.delete(frame.streamId)
        if (frame.fin) this.#streams.get(frame.streamId)?.receiveEnd()
        return
      case 'headers':
        this.#decoder.decode(frame.block) // the packing state must follow
        if (frame.fin) this.#streams.get(frame.streamId)?.receiveEnd()
        return
      case 'data':
        return this.#onStreamData(frame.streamId, frame.data, frame.fin)
      case 'rstStream':
        this.#replies.get(frame.streamId)?.reject(new SpdyError('the stream was refused'))
        this.#replies.delete(frame.streamId)
        this.#streams.get(frame.streamId)?.destroy()
        return
      case 'ping':
        return this.#write(pingFrame(frame.id))
      case 'goAway':
        return this.#onGone()
      case 'ignored':
    }
  }

  #onSynStream(id: number, headers: SpdyHeaders, fin: boolean): void {
    if (id <= this.#lastPeerId || this.#streams.has(id))
      return this.#write(rstStreamFrame(id, resetStatus.protocolError))
    this.#lastPeerId = id
    const stream = new SpdyStream(id, headers, this.#link)
    const refusal = this.#onStream(stream)
    if (refusal !== undefined) {
      stream.destroy()
      return this.#write(rstStreamFrame(id, resetStatus.refusedStream))
    }
    this.#adopt(stream)
    this.#write(synReplyFrame(id, this.#encoder.encode({})))
    if (fin) stream.receiveEnd()
  }

  #adopt(stream: SpdyStream): void {
    this.#streams.set(stream.id, stream)
    stream.on('error', () => undefined) // its reader and writer see the end of the stream
    stream.on('close', () => this.#streams.delete(stream.id))
  }

  #onStreamData(id: number, data: Buffer, fin: boolean): void {
    const stream = this.#streams.get(id)
    if (!stream) return // it was given up; what is under way is dropped
    if (!stream.receive(data)) this.#socket.pause()
    if (fin) stream.receiveEnd()
  }

  #onGone(): void {
    for (const stream of this.#streams.values()) stream.receiveEnd()
    for (const { reject } of this.#replies.values()) reject(new SpdyError('the connection is gone'))
    this.#replies.clear()
    if (!this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.end()
    this.#wake()
  }
}
