import type { Http2Connection } from './connection.ts'
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

/** One request and its answer. Writes go out in order; data waits for the peer's window. */
export class Http2Stream implements MessageStream {
  readonly id: number
  readonly connection: Http2Connection
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

  constructor(id: number, connection: Http2Connection, sendWindow: number) {
    this.id = id
    this.connection = connection
    this.sendWindow = sendWindow
  }

  /** Data of ours that the peer has not taken yet, on this stream and in its connection's socket. */
  get backlogBytes(): number {
    return this.queuedBytes + this.connection.unsentBytes
  }

  /** What is written now waits in memory: `onDrain` tells when there is room again. */
  get isFull(): boolean {
    return this.queuedBytes > 0 || this.connection.socket.writableNeedDrain
  }

  /** A complete header block; `isLast` ends our side. */
  writeHeaders(block: Buffer, isLast: boolean): void {
    if (this.isClosed || this.isLocalEnded) return
    this.connection.sendHeaders(this, block, isLast)
  }

  writeData(bytes: Buffer): void {
    if (this.isClosed || this.isLocalEnded) return
    this.connection.sendData(this, bytes)
  }

  /** Ends our side, after all that was written. */
  end(): void {
    if (this.isClosed || this.isLocalEnded) return
    this.connection.endStream(this)
  }

  reset(code: ErrorName): void {
    this.connection.resetStream(this, code)
  }

  /** Lets the peer run into its window until `resume`. */
  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.connection.topUpStream(this)
  }
}
