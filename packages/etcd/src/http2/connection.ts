import type { Socket } from 'node:net'
import {
  clientPreface,
  defaultFrameBytes,
  defaultWindowBytes,
  flags,
  frame,
  frameHeaderBytes,
  frameTypes,
  settings,
  settingsFrame,
  uint32Payload,
  windowBytesMax,
  writeFrameHeader,
} from './frame.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import type { Headers } from './hpack-decoder.ts'
import { OutputBuffer } from './output-buffer.ts'
import { errorCodes, ProtocolError } from './protocol-error.ts'
import type { ErrorName } from './protocol-error.ts'
import { Http2Stream } from './stream.ts'
import type { StreamListener } from './stream.ts'

/** A request's headers have come: set the stream's listener, or answer at once. */
export type AcceptStream = (stream: Http2Stream, headers: Headers) => void

/** Room for any request that the store takes (1.5 MiB by default), so that unary calls need no window updates. */
const streamWindowBytes = 4 << 20
const connectionWindowBytes = 64 << 20
const concurrentStreamsMax = 0x7fff_ffff

const openingFrames = Buffer.concat([
  settingsFrame([
    [settings.MAX_CONCURRENT_STREAMS, concurrentStreamsMax],
    [settings.INITIAL_WINDOW_SIZE, streamWindowBytes],
  ]),
  frame(frameTypes.WINDOW_UPDATE, 0, 0, uint32Payload(connectionWindowBytes - defaultWindowBytes)),
])

/**
 * One side of an HTTP/2 connection (RFC 9113), as much of it as gRPC needs: no push, no priorities, no header
 * compression on what we send. Everything that one turn of the event loop has to say leaves in one write. With `accept`
 * it is a server, without a client.
 */
export class Http2Connection {
  readonly socket: Socket
  readonly #accept: AcceptStream | undefined
  readonly #hpack = new HpackDecoder()
  readonly #streams = new Map<number, Http2Stream>()
  readonly #output = new OutputBuffer()
  #rest: Buffer | undefined
  #hasPreface = false
  #lastStreamId = 0
  #nextStreamId = 1
  #sendWindow = defaultWindowBytes
  #peerWindowBytes = defaultWindowBytes
  #peerFrameBytes = defaultFrameBytes
  #receivedBytes = 0
  /** A header block that CONTINUATION frames go on with. */
  #block: { stream: number; isLast: boolean; parts: Buffer[] } | undefined
  #isFlushing = false
  #isClosing = false
  /** Streams with queued data, in the order in which they began to wait. */
  readonly #waiting = new Set<Http2Stream>()

  constructor(socket: Socket, accept?: AcceptStream) {
    this.socket = socket
    this.#accept = accept
    if (!accept) {
      this.#hasPreface = true
      this.#output.append(clientPreface)
    }
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

  get openStreams(): number {
    return this.#streams.size
  }

  /** At a client: starts a request. */
  open(headers: Buffer, listener: StreamListener): Http2Stream {
    const stream = new Http2Stream(this.#nextStreamId, this, this.#peerWindowBytes)
    this.#nextStreamId += 2
    stream.listener = listener
    this.#streams.set(stream.id, stream)
    this.sendHeaders(stream, headers, false)
    return stream
  }

  /** Takes no new streams; the socket ends when the running ones are done. */
  close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#output.append(this.#goAway(errorCodes.NO_ERROR))
    this.#scheduleFlush()
    if (this.#streams.size === 0) this.socket.end()
  }

  sendHeaders(stream: Http2Stream, block: Buffer, isLast: boolean): void {
    if (isLast && stream.queue.length > 0) {
      stream.last = block
      return
    }
    const flagBits = flags.END_HEADERS | (isLast ? flags.END_STREAM : 0)
    const target = this.#output.reserve(frameHeaderBytes + block.length)
    const at = this.#output.at
    writeFrameHeader(target, at, block.length, frameTypes.HEADERS, flagBits, stream.id)
    block.copy(target, at + frameHeaderBytes)
    this.#output.advance(frameHeaderBytes + block.length)
    this.#scheduleFlush()
    if (isLast) this.#endLocal(stream)
  }

  sendData(stream: Http2Stream, bytes: Buffer): void {
    const window = Math.min(stream.sendWindow, this.#sendWindow)
    if (stream.queue.length === 0 && bytes.length <= window) {
      this.#putData(stream, bytes)
      return
    }
    // The caller's bytes are a view of a scratch buffer.
    stream.queue.push(Buffer.from(bytes))
    stream.queuedBytes += bytes.length
    this.#waiting.add(stream)
    this.#sendQueued(stream)
  }

  /** Ends our side without trailers, as a client does. */
  endStream(stream: Http2Stream): void {
    if (stream.queue.length > 0) {
      stream.last = emptyBlock
      return
    }
    this.#output.append(frame(frameTypes.DATA, flags.END_STREAM, stream.id, emptyBlock))
    this.#scheduleFlush()
    this.#endLocal(stream)
  }

  resetStream(stream: Http2Stream, code: ErrorName): void {
    if (stream.isClosed) return
    this.#output.append(frame(frameTypes.RST_STREAM, 0, stream.id, uint32Payload(errorCodes[code])))
    this.#scheduleFlush()
    this.#forget(stream)
  }

  #onChunk(chunk: Buffer): void {
    try {
      let bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
      this.#rest = undefined
      if (!this.#hasPreface) {
        if (bytes.length < clientPreface.length) {
          this.#rest = bytes
          return
        }
        if (!bytes.subarray(0, clientPreface.length).equals(clientPreface)) {
          throw new ProtocolError('PROTOCOL_ERROR', 'no client preface')
        }
        this.#hasPreface = true
        bytes = bytes.subarray(clientPreface.length)
      }
      const used = this.#readFrames(bytes)
      if (used < bytes.length) this.#rest = used === 0 ? bytes : bytes.subarray(used)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#output.append(this.#goAway(error.code))
      this.#flush()
      this.socket.destroySoon()
    }
  }

  #readFrames(bytes: Buffer): number {
    let at = 0
    while (bytes.length - at >= frameHeaderBytes) {
      const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
      if (length > defaultFrameBytes) throw new ProtocolError('FRAME_SIZE_ERROR', 'frame too large')
      if (bytes.length - at < frameHeaderBytes + length) break
      const type = bytes[at + 3]!
      const flagBits = bytes[at + 4]!
      const streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff
      const start = at + frameHeaderBytes
      at = start + length
      this.#onFrame(type, flagBits, streamId, bytes.subarray(start, at))
    }
    return at
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
        return this.#onReset(streamId)
      case frameTypes.SETTINGS:
        return this.#onSettings(flagBits, payload)
      case frameTypes.PING:
        return this.#onPing(flagBits, payload)
      case frameTypes.WINDOW_UPDATE:
        return this.#onWindowUpdate(streamId, payload)
      case frameTypes.GOAWAY:
        return this.close()
      case frameTypes.PUSH_PROMISE:
        throw new ProtocolError('PROTOCOL_ERROR', 'a client does not push')
      default:
        // PRIORITY, and kinds that later standards may add (section 5.5).
        return
    }
  }

  #onHeaders(flagBits: number, streamId: number, payload: Buffer): void {
    let fragment = unpad(flagBits, payload)
    if (flagBits & flags.PRIORITY) fragment = fragment.subarray(5)
    const isLast = (flagBits & flags.END_STREAM) !== 0
    if (flagBits & flags.END_HEADERS) this.#onHeaderBlock(streamId, fragment, isLast)
    else this.#block = { stream: streamId, isLast, parts: [Buffer.from(fragment)] }
  }

  #onContinuation(flagBits: number, streamId: number, payload: Buffer): void {
    const block = this.#block
    if (!block || block.stream !== streamId || block.parts.length > 64) {
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
    if (streamId <= this.#lastStreamId) return
    this.#lastStreamId = streamId
    const stream = new Http2Stream(streamId, this, this.#peerWindowBytes)
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
    if (!isLast && stream.receivedBytes > streamWindowBytes / 2) {
      this.#topUp(streamId, stream.receivedBytes)
      stream.receivedBytes = 0
    }
    const data = unpad(flagBits, payload)
    if (data.length > 0) stream.listener?.onData(data)
    if (isLast) this.#endRemote(stream)
  }

  #topUp(streamId: number, bytes: number): void {
    this.#output.append(frame(frameTypes.WINDOW_UPDATE, 0, streamId, uint32Payload(bytes)))
    this.#scheduleFlush()
  }

  #onReset(streamId: number): void {
    const stream = this.#streams.get(streamId)
    if (!stream) return
    this.#forget(stream)
    stream.listener?.onAbort()
  }

  #onSettings(flagBits: number, payload: Buffer): void {
    if (flagBits & flags.ACK) return
    if (payload.length % 6 !== 0) throw new ProtocolError('FRAME_SIZE_ERROR', 'SETTINGS')
    for (let at = 0; at < payload.length; at += 6) {
      this.#onSetting(payload.readUInt16BE(at), payload.readUInt32BE(at + 2))
    }
    this.#output.append(frame(frameTypes.SETTINGS, flags.ACK, 0, Buffer.alloc(0)))
    this.#scheduleFlush()
  }

  #onSetting(id: number, value: number): void {
    if (id === settings.MAX_FRAME_SIZE) this.#peerFrameBytes = value
    if (id !== settings.INITIAL_WINDOW_SIZE) return
    if (value > windowBytesMax) throw new ProtocolError('FLOW_CONTROL_ERROR', 'window too large')
    const change = value - this.#peerWindowBytes
    this.#peerWindowBytes = value
    for (const stream of this.#streams.values()) stream.sendWindow += change
    this.#sendWaiting()
  }

  #onPing(flagBits: number, payload: Buffer): void {
    if (payload.length !== 8) throw new ProtocolError('FRAME_SIZE_ERROR', 'PING')
    if (flagBits & flags.ACK) return
    this.#output.append(frame(frameTypes.PING, flags.ACK, 0, payload))
    this.#scheduleFlush()
  }

  #onWindowUpdate(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ProtocolError('FRAME_SIZE_ERROR', 'WINDOW_UPDATE')
    const bytes = payload.readUInt32BE(0) & 0x7fff_ffff
    if (streamId === 0) {
      this.#sendWindow += bytes
      if (this.#sendWindow > windowBytesMax) {
        throw new ProtocolError('FLOW_CONTROL_ERROR', 'connection window too large')
      }
      return this.#sendWaiting()
    }
    const stream = this.#streams.get(streamId)
    if (!stream) return
    stream.sendWindow += bytes
    if (stream.queue.length > 0) this.#sendQueued(stream)
  }

  #sendWaiting(): void {
    for (const stream of Array.from(this.#waiting)) this.#sendQueued(stream)
  }

  /** Sends what the windows let through, then the trailers when nothing is left. */
  #sendQueued(stream: Http2Stream): void {
    const before = stream.queuedBytes
    while (stream.queue.length > 0) {
      const window = Math.min(stream.sendWindow, this.#sendWindow)
      if (window <= 0) break
      const first = stream.queue[0]!
      if (first.length > window) {
        this.#putData(stream, first.subarray(0, window))
        stream.queue[0] = first.subarray(window)
        stream.queuedBytes -= window
        break
      }
      this.#putData(stream, first)
      stream.queue.shift()
      stream.queuedBytes -= first.length
    }
    if (stream.queue.length > 0) return
    this.#waiting.delete(stream)
    const last = stream.last
    if (last) {
      stream.last = undefined
      if (last === emptyBlock) this.endStream(stream)
      else this.sendHeaders(stream, last, true)
    } else if (before > 0) stream.listener?.onDrain()
  }

  /** Within the windows. */
  #putData(stream: Http2Stream, bytes: Buffer): void {
    stream.sendWindow -= bytes.length
    this.#sendWindow -= bytes.length
    for (let at = 0; at < bytes.length || bytes.length === 0; at += this.#peerFrameBytes) {
      const length = Math.min(this.#peerFrameBytes, bytes.length - at)
      const target = this.#output.reserve(frameHeaderBytes + length)
      const offset = this.#output.at
      writeFrameHeader(target, offset, length, frameTypes.DATA, 0, stream.id)
      bytes.copy(target, offset + frameHeaderBytes, at, at + length)
      this.#output.advance(frameHeaderBytes + length)
      if (length === 0) break
    }
    this.#scheduleFlush()
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
    stream.queue.length = 0
    stream.queuedBytes = 0
    this.#waiting.delete(stream)
    this.#streams.delete(stream.id)
    if (this.#isClosing && this.#streams.size === 0) process.nextTick(() => this.socket.end())
  }

  #abortAll(): void {
    this.#isClosing = true
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
    process.nextTick(() => this.#flush())
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

const emptyBlock = Buffer.alloc(0)

function unpad(flagBits: number, payload: Buffer): Buffer {
  if (!(flagBits & flags.PADDED)) return payload
  const padding = payload[0] ?? 0
  if (padding >= payload.length) throw new ProtocolError('PROTOCOL_ERROR', 'padding too long')
  return payload.subarray(1, payload.length - padding)
}
