import type { Socket } from 'node:net'
import type { Clock, Timer } from '@kemu/base'
import { FlowSender } from './flow-sender.ts'
import {
  clientPreface,
  defaultWindowBytes,
  flags,
  frame,
  frameTypes,
  settings,
  settingsFrame,
  uint32Payload,
} from './frame.ts'
import { FrameReader, unpad } from './frame-reader.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import type { Headers } from './hpack-decoder.ts'
import { OutputBuffer } from './output-buffer.ts'
import { errorCodes, ProtocolError } from './protocol-error.ts'
import type { ErrorName } from './protocol-error.ts'
import { Http2Stream } from './stream.ts'
import type { StreamCarrier, StreamListener } from './stream.ts'

/** A request's headers have come: set the stream's listener, or answer at once. */
export type AcceptStream = (stream: Http2Stream, headers: Headers) => void

/** Room for any request that the store takes (1.5 MiB by default), so that unary calls need no window updates. */
const streamWindowBytes = 4 << 20
const connectionWindowBytes = 64 << 20
const concurrentStreamsMax = 0x7fff_ffff
/** Go's client pings with nearly every request; the answer waits so long for the request's, to leave in one write. */
const pingPatienceMs = 2
/** Frames of one header block; more is an attack. */
const continuationsMax = 64

const pingPayload = Buffer.from('kemulive')

const openingFrames = Buffer.concat([
  settingsFrame([
    [settings.MAX_CONCURRENT_STREAMS, concurrentStreamsMax],
    [settings.INITIAL_WINDOW_SIZE, streamWindowBytes],
  ]),
  frame(frameTypes.WINDOW_UPDATE, 0, 0, uint32Payload(connectionWindowBytes - defaultWindowBytes)),
])

/**
 * One side of an HTTP/2 connection (RFC 9113), as much of it as gRPC needs: no push, no priorities, no header
 * compression on what we send. Everything that one turn of the event loop has to say leaves in one write, the answer to
 * a ping with the answer to the request that it came with. With `accept` it is a server, without a client.
 */
export class Http2Connection implements StreamCarrier {
  readonly socket: Socket
  readonly #accept: AcceptStream | undefined
  readonly #hpack = new HpackDecoder()
  readonly #streams = new Map<number, Http2Stream>()
  readonly #output = new OutputBuffer()
  readonly #sender = new FlowSender(this.#output, (stream) => this.#endLocal(stream))
  readonly #reader: FrameReader
  #lastStreamId = 0
  #nextStreamId = 1
  #receivedBytes = 0
  /** A header block that CONTINUATION frames go on with. */
  #block: { stream: number; isLast: boolean; parts: Buffer[] } | undefined
  #isFlushing = false
  #pingTimer: Timer | undefined
  readonly #clock: Clock
  #isReading = false
  #isClosing = false

  constructor(socket: Socket, clock: Clock, accept?: AcceptStream) {
    this.#clock = clock
    this.socket = socket
    this.#accept = accept
    this.#reader = new FrameReader(accept !== undefined, (type, flagBits, streamId, payload) =>
      this.#onFrame(type, flagBits, streamId, payload),
    )
    if (!accept) this.#output.append(clientPreface)
    this.#output.append(openingFrames)
    this.#scheduleFlush()
    socket.on('data', (chunk: Buffer) => this.#onChunk(chunk))
    socket.on('drain', () => this.#onDrain())
    socket.on('close', () => this.#abortAll())
    // The close that follows does the work.
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
  }

  get unsentBytes(): number {
    return this.socket.writableLength
  }

  get needsDrain(): boolean {
    return this.socket.writableNeedDrain
  }

  /** At a client: starts a request. */
  open(headers: Buffer, listener: StreamListener): Http2Stream {
    const stream = new Http2Stream(this.#nextStreamId, this, this.#sender.streamWindowBytes)
    this.#nextStreamId += 2
    stream.listener = listener
    this.#streams.set(stream.id, stream)
    this.sendHeaders(stream, headers, false)
    return stream
  }

  /** Takes new streams: neither side has said that it ends. */
  get isOpen(): boolean {
    return !this.#isClosing && !this.socket.destroyed
  }

  get hasStreams(): boolean {
    return this.#streams.size > 0
  }

  /** Asks the peer for a sign of life. */
  ping(): void {
    this.#output.append(frame(frameTypes.PING, 0, 0, pingPayload))
    this.#scheduleFlush()
  }

  /** Calls back when the connection is gone, also when it is already. */
  onClose(listener: () => void): void {
    if (this.socket.destroyed) listener()
    else this.socket.once('close', listener)
  }

  /** Cuts it at once. */
  destroy(): void {
    this.socket.destroy()
  }

  /** Takes no new streams; the socket ends when the running ones are done. */
  close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#output.append(this.#goAway(errorCodes.NO_ERROR))
    this.#scheduleFlush()
    if (this.#streams.size === 0) this.#endSocket()
  }

  sendHeaders(stream: Http2Stream, block: Buffer, isLast: boolean): void {
    this.#sender.headers(stream, block, isLast)
    this.#scheduleFlush()
  }

  sendData(stream: Http2Stream, bytes: Buffer): void {
    this.#sender.data(stream, bytes)
    this.#scheduleFlush()
  }

  /** Ends our side without trailers, as a client does. */
  endStream(stream: Http2Stream): void {
    this.#sender.end(stream)
    this.#scheduleFlush()
  }

  resetStream(stream: Http2Stream, code: ErrorName): void {
    if (stream.isClosed) return
    const payload = uint32Payload(errorCodes[code])
    this.#output.append(frame(frameTypes.RST_STREAM, 0, stream.id, payload))
    this.#scheduleFlush()
    this.#forget(stream)
  }

  /** Gives the peer back what it has used of its window, once that is much. */
  topUpStream(stream: Http2Stream): void {
    const { receivedBytes } = stream
    if (stream.isPaused || stream.isRemoteEnded || receivedBytes <= streamWindowBytes / 2) return
    this.#topUp(stream.id, receivedBytes)
    stream.receivedBytes = 0
  }

  /** Does now what happens at the end of this turn of the event loop anyway. */
  flush(): void {
    if (this.#isFlushing) this.#flush()
  }

  #onChunk(chunk: Buffer): void {
    this.#isReading = true
    try {
      this.#reader.push(chunk)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#output.append(this.#goAway(error.code))
      this.#flush()
      this.socket.destroySoon()
    } finally {
      this.#isReading = false
    }
    // Behind whoever waits for the end of this turn because of what was read: it may have an answer by then.
    if (this.#isFlushing) setImmediate(() => this.#flush())
  }

  #onFrame(type: number, flagBits: number, streamId: number, payload: Buffer): void {
    if (this.#block && type !== frameTypes.CONTINUATION) {
      throw new ProtocolError('PROTOCOL_ERROR', 'a header block was interrupted')
    }
    switch (type) {
      case frameTypes.DATA:
        return this.#onData(flagBits, streamId, payload)
      case frameTypes.HEADERS:
        return this.#onHeaders(flagBits, streamId, payload)
      case frameTypes.CONTINUATION:
        return this.#onContinuation(flagBits, streamId, payload)
      case frameTypes.RST_STREAM:
        return this.#onReset(streamId, payload)
      case frameTypes.SETTINGS:
        return this.#onSettings(flagBits, payload)
      case frameTypes.PING:
        return this.#onPing(flagBits, payload)
      case frameTypes.WINDOW_UPDATE:
        return this.#onWindowUpdate(streamId, payload)
      case frameTypes.GOAWAY:
        return this.close()
      case frameTypes.PUSH_PROMISE:
        throw new ProtocolError('PROTOCOL_ERROR', 'push is not enabled')
      default:
        // PRIORITY, and kinds that later standards may add (section 5.5).
        return
    }
  }

  #onHeaders(flagBits: number, streamId: number, payload: Buffer): void {
    let fragment = unpad((flagBits & flags.PADDED) !== 0, payload)
    if (flagBits & flags.PRIORITY) fragment = fragment.subarray(5)
    const isLast = (flagBits & flags.END_STREAM) !== 0
    if (flagBits & flags.END_HEADERS) this.#onHeaderBlock(streamId, fragment, isLast)
    else this.#block = { stream: streamId, isLast, parts: [Buffer.from(fragment)] }
  }

  #onContinuation(flagBits: number, streamId: number, payload: Buffer): void {
    const block = this.#block
    if (!block || block.stream !== streamId || block.parts.length > continuationsMax) {
      throw new ProtocolError('PROTOCOL_ERROR', 'CONTINUATION out of place')
    }
    block.parts.push(Buffer.from(payload))
    if (!(flagBits & flags.END_HEADERS)) return
    this.#block = undefined
    this.#onHeaderBlock(streamId, Buffer.concat(block.parts), block.isLast)
  }

  #onHeaderBlock(streamId: number, fragment: Buffer, isLast: boolean): void {
    const headers = this.#hpack.decode(fragment)
    const known = this.#streams.get(streamId)
    if (known) {
      // An answer's headers, or anybody's trailers.
      known.listener?.onHeaders?.(headers)
      if (isLast) this.#endRemote(known)
      return
    }
    if (!this.#accept) return
    if (streamId % 2 === 0) throw new ProtocolError('PROTOCOL_ERROR', 'stream id is even')
    // Late frames of a stream that is over.
    if (streamId <= this.#lastStreamId) return
    this.#lastStreamId = streamId
    const stream = new Http2Stream(streamId, this, this.#sender.streamWindowBytes)
    this.#streams.set(streamId, stream)
    if (this.#isClosing) return this.resetStream(stream, 'REFUSED_STREAM')
    this.#accept(stream, headers)
    if (isLast) this.#endRemote(stream)
  }

  #onData(flagBits: number, streamId: number, payload: Buffer): void {
    this.#receivedBytes += payload.length
    if (this.#receivedBytes > connectionWindowBytes / 2) {
      this.#topUp(0, this.#receivedBytes)
      this.#receivedBytes = 0
    }
    const stream = this.#streams.get(streamId)
    if (!stream || stream.isRemoteEnded) return
    const isLast = (flagBits & flags.END_STREAM) !== 0
    stream.receivedBytes += payload.length
    if (!isLast) this.topUpStream(stream)
    const data = unpad((flagBits & flags.PADDED) !== 0, payload)
    if (data.length > 0) stream.listener?.onData(data)
    if (isLast) this.#endRemote(stream)
  }

  #topUp(streamId: number, bytes: number): void {
    this.#output.append(frame(frameTypes.WINDOW_UPDATE, 0, streamId, uint32Payload(bytes)))
    this.#scheduleFlush()
  }

  #onReset(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ProtocolError('FRAME_SIZE_ERROR', 'RST_STREAM')
    const stream = this.#streams.get(streamId)
    if (!stream) return
    this.#forget(stream)
    stream.listener?.onAbort(payload.readUInt32BE(0))
  }

  #onSettings(flagBits: number, payload: Buffer): void {
    if (flagBits & flags.ACK) return
    if (payload.length % 6 !== 0) throw new ProtocolError('FRAME_SIZE_ERROR', 'SETTINGS')
    for (let at = 0; at < payload.length; at += 6) {
      const id = payload.readUInt16BE(at)
      const value = payload.readUInt32BE(at + 2)
      if (id === settings.MAX_FRAME_SIZE) this.#sender.setFrameBytes(value)
      if (id === settings.INITIAL_WINDOW_SIZE) {
        this.#sender.setStreamWindow(value, this.#streams.values())
      }
    }
    this.#output.append(frame(frameTypes.SETTINGS, flags.ACK, 0, Buffer.alloc(0)))
    this.#scheduleFlush()
  }

  #onPing(flagBits: number, payload: Buffer): void {
    if (payload.length !== 8) throw new ProtocolError('FRAME_SIZE_ERROR', 'PING')
    if (flagBits & flags.ACK) return
    this.#output.append(frame(frameTypes.PING, flags.ACK, 0, payload))
    this.#pingTimer ??= this.#clock.setTimer(pingPatienceMs, () => {
      this.#pingTimer = undefined
      this.#flush()
    })
  }

  #onWindowUpdate(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ProtocolError('FRAME_SIZE_ERROR', 'WINDOW_UPDATE')
    const bytes = payload.readUInt32BE(0) & 0x7fff_ffff
    const stream = this.#streams.get(streamId)
    if (streamId === 0) this.#sender.growConnectionWindow(bytes)
    else if (stream) this.#sender.growStreamWindow(stream, bytes)
    if (!this.#output.isEmpty) this.#scheduleFlush()
  }

  #endRemote(stream: Http2Stream): void {
    if (stream.isRemoteEnded) return
    stream.isRemoteEnded = true
    stream.listener?.onEnd()
    if (stream.isLocalEnded) this.#forget(stream)
  }

  #endLocal(stream: Http2Stream): void {
    stream.isLocalEnded = true
    if (stream.isRemoteEnded) return this.#forget(stream)
    if (!this.#accept) return
    // The answer is complete before the request is: tell the peer to stop (section 8.1).
    this.resetStream(stream, 'NO_ERROR')
  }

  #forget(stream: Http2Stream): void {
    stream.isClosed = true
    this.#sender.forget(stream)
    this.#streams.delete(stream.id)
    if (this.#isClosing && this.#streams.size === 0) this.#endSocket()
  }

  /** Behind what waits to be flushed. */
  #endSocket(): void {
    process.nextTick(() => {
      this.#flush()
      this.socket.end()
    })
  }

  #abortAll(): void {
    this.#isClosing = true
    this.#pingTimer?.cancel()
    for (const stream of Array.from(this.#streams.values())) {
      this.#forget(stream)
      stream.listener?.onAbort()
    }
  }

  #onDrain(): void {
    for (const stream of Array.from(this.#streams.values())) {
      if (stream.queue.length === 0) stream.listener?.onDrain()
    }
  }

  #goAway(code: number): Buffer {
    return frame(frameTypes.GOAWAY, 0, 0, uint32Payload(this.#lastStreamId, code))
  }

  #scheduleFlush(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    if (!this.#isReading) process.nextTick(() => this.#flush())
  }

  #flush(): void {
    this.#isFlushing = false
    if (this.#output.isEmpty || this.socket.destroyed) return
    const blocks = this.#output.take()
    if (blocks.length === 1) {
      this.socket.write(blocks[0]!)
      return
    }
    this.socket.cork()
    for (const block of blocks) this.socket.write(block)
    this.socket.uncork()
  }
}
