import {
  defaultFrameBytes,
  defaultWindowBytes,
  flags,
  frame,
  frameHeaderBytes,
  frameTypes,
  windowBytesMax,
  writeFrameHeader,
} from './frame.ts'
import type { OutputBuffer } from './output-buffer.ts'
import { ProtocolError } from './protocol-error.ts'
import type { Http2Stream } from './stream.ts'

/** Ends a stream without trailers; stands in `Http2Stream.last` for what is sent when its queue is empty. */
const endWithoutTrailers = Buffer.alloc(0)

/**
 * The sending side of a connection's streams: headers at once, data as far as the peer's windows reach (RFC 9113,
 * section 5.2); what does not fit waits at its stream, and what comes after waits behind it.
 */
export class FlowSender {
  readonly #output: OutputBuffer
  readonly #onEnded: (stream: Http2Stream) => void
  #windowBytes = defaultWindowBytes
  #frameBytes = defaultFrameBytes
  /** What a new stream may send. */
  streamWindowBytes = defaultWindowBytes
  /** Streams with queued data, in the order in which they began to wait. */
  readonly #waiting = new Set<Http2Stream>()

  constructor(output: OutputBuffer, onEnded: (stream: Http2Stream) => void) {
    this.#output = output
    this.#onEnded = onEnded
  }

  setFrameBytes(bytes: number): void {
    this.#frameBytes = bytes
  }

  /** The peer changed what each of its streams may receive, those that are open too. */
  setStreamWindow(bytes: number, open: Iterable<Http2Stream>): void {
    if (bytes > windowBytesMax) throw new ProtocolError('FLOW_CONTROL_ERROR', 'window too large')
    const change = bytes - this.streamWindowBytes
    this.streamWindowBytes = bytes
    for (const stream of open) stream.sendWindow += change
    this.#sendWaiting()
  }

  growConnectionWindow(bytes: number): void {
    this.#windowBytes += bytes
    if (this.#windowBytes > windowBytesMax) {
      throw new ProtocolError('FLOW_CONTROL_ERROR', 'connection window too large')
    }
    this.#sendWaiting()
  }

  growStreamWindow(stream: Http2Stream, bytes: number): void {
    stream.sendWindow += bytes
    if (stream.queue.length > 0) this.#sendQueued(stream)
  }

  headers(stream: Http2Stream, block: Buffer, isLast: boolean): void {
    if (isLast && stream.queue.length > 0) {
      stream.last = block
      return
    }
    let type: number = frameTypes.HEADERS
    let flagBits = isLast ? flags.END_STREAM : 0
    let rest = block
    for (; rest.length > this.#frameBytes; rest = rest.subarray(this.#frameBytes)) {
      this.#frame(type, flagBits, stream.id, rest.subarray(0, this.#frameBytes))
      type = frameTypes.CONTINUATION
      flagBits = 0
    }
    this.#frame(type, flagBits | flags.END_HEADERS, stream.id, rest)
    if (isLast) this.#onEnded(stream)
  }

  data(stream: Http2Stream, bytes: Buffer): void {
    const window = Math.min(stream.sendWindow, this.#windowBytes)
    if (stream.queue.length === 0 && bytes.length <= window) {
      this.#put(stream, bytes)
      return
    }
    // The caller's bytes are a view of a scratch buffer.
    stream.queue.push(Buffer.from(bytes))
    stream.queuedBytes += bytes.length
    this.#waiting.add(stream)
    this.#sendQueued(stream)
  }

  end(stream: Http2Stream): void {
    if (stream.queue.length > 0) {
      stream.last = endWithoutTrailers
      return
    }
    this.#output.append(frame(frameTypes.DATA, flags.END_STREAM, stream.id, endWithoutTrailers))
    this.#onEnded(stream)
  }

  forget(stream: Http2Stream): void {
    if (!this.#waiting.delete(stream)) return
    stream.queue.length = 0
    stream.queuedBytes = 0
  }

  #sendWaiting(): void {
    for (const stream of Array.from(this.#waiting)) this.#sendQueued(stream)
  }

  /** Sends what the windows let through, then the trailers when nothing is left. */
  #sendQueued(stream: Http2Stream): void {
    const before = stream.queuedBytes
    while (stream.queue.length > 0) {
      const window = Math.min(stream.sendWindow, this.#windowBytes)
      if (window <= 0) return
      const first = stream.queue[0]!
      if (first.length > window) {
        this.#put(stream, first.subarray(0, window))
        stream.queue[0] = first.subarray(window)
        stream.queuedBytes -= window
        return
      }
      this.#put(stream, first)
      stream.queue.shift()
      stream.queuedBytes -= first.length
    }
    this.#waiting.delete(stream)
    const { last } = stream
    stream.last = undefined
    if (last === endWithoutTrailers) this.end(stream)
    else if (last) this.headers(stream, last, true)
    else if (before > 0) stream.listener?.onDrain()
  }

  /** Within the windows. */
  #put(stream: Http2Stream, bytes: Buffer): void {
    stream.sendWindow -= bytes.length
    this.#windowBytes -= bytes.length
    let at = 0
    do {
      const length = Math.min(this.#frameBytes, bytes.length - at)
      this.#frame(frameTypes.DATA, 0, stream.id, bytes, at, length)
      at += length
    } while (at < bytes.length)
  }

  #frame(
    type: number,
    flagBits: number,
    streamId: number,
    bytes: Buffer,
    at = 0,
    length = bytes.length,
  ): void {
    const target = this.#output.reserve(frameHeaderBytes + length)
    const offset = this.#output.at
    writeFrameHeader(target, offset, length, type, flagBits, streamId)
    bytes.copy(target, offset + frameHeaderBytes, at, at + length)
    this.#output.advance(frameHeaderBytes + length)
  }
}
