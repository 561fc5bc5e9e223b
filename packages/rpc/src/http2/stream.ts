import type { Headers } from './hpack-decoder.ts'
import type { ErrorName } from './protocol-error.ts'

/** What the layer above wants to hear of a stream. */
export interface StreamListener {
  /** At a client only: the answer's headers, and again its trailers. */
  onHeaders?(headers: Headers): void
  onData(bytes: Buffer): void
  /** The peer has said everything. */
  onEnd(): void
  /** The peer reset the stream, with this code, or the connection is gone; nothing more will be sent. */
  onAbort(resetCode?: number): void
  /** After `write` left a backlog: there is room again. */
  onDrain(): void
}

/** One side of one request, as gRPC writes to it; a simulation has streams of its own. */
export interface MessageStream {
  listener: StreamListener | undefined
  /** Data of ours that the peer has not taken yet. */
  readonly backlogBytes: number
  writeHeaders(block: Buffer, isLast: boolean): void
  writeData(bytes: Buffer): void
  end(): void
  reset(code: ErrorName): void
}

/** A stream's way to the socket: the connection that it shares with others. */
export interface StreamCarrier {
  /** What the socket has not taken yet. */
  readonly unsentBytes: number
  /** It has enough, and says so by a drain. */
  readonly needsDrain: boolean
  sendHeaders(stream: Http2Stream, block: Buffer, isLast: boolean): void
  sendData(stream: Http2Stream, bytes: Buffer): void
  endStream(stream: Http2Stream): void
  resetStream(stream: Http2Stream, code: ErrorName): void
  topUpStream(stream: Http2Stream): void
}

/** One request and its answer. Writes go out in order; data waits for the peer's window. */
export class Http2Stream implements MessageStream {
  readonly id: number
  readonly #carrier: StreamCarrier
  listener: StreamListener | undefined
  /** Bytes that the peer lets us send on this stream; may be negative after a settings change. */
  sendWindow: number
  /** Bytes received since the peer's window was last topped up. */
  receivedBytes = 0
  isRemoteEnded = false
  /** The peer's window is not topped up: what it has sent is not used yet. */
  isPaused = false
  isLocalEnded = false
  isClosed = false
  /** Data that found no window, oldest first; `last` are the trailers that follow it. */
  readonly queue: Buffer[] = []
  queuedBytes = 0
  last: Buffer | undefined

  constructor(id: number, carrier: StreamCarrier, sendWindow: number) {
    this.id = id
    this.#carrier = carrier
    this.sendWindow = sendWindow
  }

  /** Data of ours that the peer has not taken yet, on this stream and in its connection's socket. */
  get backlogBytes(): number {
    return this.queuedBytes + this.#carrier.unsentBytes
  }

  /** What is written now waits in memory: `onDrain` tells when there is room again. */
  get isFull(): boolean {
    return this.queuedBytes > 0 || this.#carrier.needsDrain
  }

  /** A complete header block; `isLast` ends our side. */
  writeHeaders(block: Buffer, isLast: boolean): void {
    if (this.isClosed || this.isLocalEnded) return
    this.#carrier.sendHeaders(this, block, isLast)
  }

  writeData(bytes: Buffer): void {
    if (this.isClosed || this.isLocalEnded) return
    this.#carrier.sendData(this, bytes)
  }

  /** Ends our side, after all that was written. */
  end(): void {
    if (this.isClosed || this.isLocalEnded) return
    this.#carrier.endStream(this)
  }

  reset(code: ErrorName): void {
    this.#carrier.resetStream(this, code)
  }

  /** Lets the peer run into its window until `resume`. */
  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.#carrier.topUpStream(this)
  }
}
