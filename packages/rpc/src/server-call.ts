import { systemClock } from '@kemu/base'
import type { Timer } from '@kemu/base'
import { RpcError, toRpcError } from './error.ts'
import { okTrailers, responseHeaders, trailers, trailersOnly } from './http2/index.ts'
import type { Headers, Http2Connection, StreamListener } from './http2/index.ts'
import { frameMessage, MessageReader } from './message-reader.ts'
import { MessageQueue } from './message-queue.ts'
import type { Metadata } from './metadata.ts'
import type { Peer } from './peer.ts'
import type { MethodDefinition } from './service.ts'
import { status } from './status.ts'
import { decodeTimeout } from './timeout.ts'

export type ServerStream = ReturnType<Http2Connection['open']>

/** Serves one call whose request has come; `requests` are all of them, of which a unary call has had one. */
export type Serve = (call: ServerCall, request: object) => void

/** One call at the server: its request, who makes it, and the answer. */
export class ServerCall implements StreamListener {
  readonly metadata: Metadata
  readonly peer: Peer
  readonly #stream: ServerStream
  readonly #method: MethodDefinition
  readonly #serve: Serve
  readonly #reader: MessageReader
  readonly #timer: Timer | undefined
  readonly #onCancelled: (() => void)[] = []
  #onDrained: (() => void)[] = []
  /** Of a method whose requests are a stream; it has begun with the first. */
  #requests: MessageQueue<object> | undefined
  #request: Buffer | undefined
  #hasHeaders = false
  #isOver = false
  #isCancelled = false

  constructor(
    stream: ServerStream,
    headers: Headers,
    peer: Peer,
    method: MethodDefinition,
    serve: Serve,
    requestBytesMax: number,
  ) {
    this.#stream = stream
    this.metadata = headers
    this.peer = peer
    this.#method = method
    this.#serve = serve
    this.#reader = new MessageReader(requestBytesMax)
    const timeoutMs = decodeTimeout(headers['grpc-timeout'])
    if (timeoutMs !== undefined) this.#timer = systemClock.setTimer(timeoutMs, () => this.#expire())
    if (method.requestStream) this.#serve(this, this.#openRequests())
  }

  /** The client went away, or its time is over. */
  get isCancelled(): boolean {
    return this.#isCancelled
  }

  /** Calls back when the client goes away, or its time is over, before it was answered; also when it did already. */
  onCancelled(listener: () => void): void {
    if (this.#isCancelled) listener()
    else this.#onCancelled.push(listener)
  }

  /** Tells the client that it is served, before there is anything to say. */
  sendHeaders(): void {
    if (this.#hasHeaders || this.#isOver) return
    this.#hasHeaders = true
    this.#stream.writeHeaders(responseHeaders, false)
  }

  /** False: wait for `drained` before there is more. */
  write(message: object): boolean {
    if (this.#isOver) return true
    this.sendHeaders()
    this.#stream.writeData(frameMessage(this.#method.responseSerialize(message)))
    return !this.#stream.isFull
  }

  /** Resolves when the client has taken enough of what was written, or is gone. */
  drained(): Promise<void> {
    if (this.#isOver || !this.#stream.isFull) return Promise.resolve()
    return new Promise((resolve) => this.#onDrained.push(resolve))
  }

  /** Ends the call well. */
  end(): void {
    if (this.#isOver) return
    this.sendHeaders()
    this.#finish(okTrailers)
  }

  fail(error: unknown): void {
    if (this.#isOver) return
    const { code, message, metadata } = toRpcError(error)
    const block = this.#hasHeaders ? trailers : trailersOnly
    this.#finish(block(code, message, metadata))
  }

  onData(bytes: Buffer): void {
    if (this.#isOver) return
    try {
      for (const message of this.#reader.push(bytes)) {
        if (this.#requests) this.#requests.push(this.#decode(message))
        else this.#request = message
      }
    } catch (error) {
      this.fail(error)
      this.#cancel()
    }
  }

  onEnd(): void {
    if (this.#isOver) return
    if (this.#requests) return this.#requests.end()
    if (!this.#request)
      return this.fail(new RpcError(status.INTERNAL, 'the request has no message'))
    try {
      this.#serve(this, this.#decode(this.#request))
    } catch (error) {
      this.fail(error)
    }
  }

  onAbort(): void {
    this.#timer?.cancel()
    if (this.#isOver) return this.#release()
    this.#isOver = true
    this.#cancel()
  }

  onDrain(): void {
    this.#release()
  }

  #openRequests(): MessageQueue<object> {
    this.#requests = new MessageQueue({
      pause: () => this.#stream.pause(),
      resume: () => this.#stream.resume(),
      cancel: () => {},
    })
    return this.#requests
  }

  #decode(message: Buffer): object {
    try {
      return this.#method.requestDeserialize(message)
    } catch (error) {
      const { message: why } = toRpcError(error)
      throw new RpcError(status.INTERNAL, `grpc: error unmarshalling request: ${why}`)
    }
  }

  #expire(): void {
    if (this.#isOver) return
    this.fail(new RpcError(status.DEADLINE_EXCEEDED, 'context deadline exceeded'))
    this.#cancel()
  }

  #finish(block: Buffer): void {
    this.#isOver = true
    this.#timer?.cancel()
    this.#stream.writeHeaders(block, true)
    this.#release()
  }

  #cancel(): void {
    this.#isCancelled = true
    this.#requests?.end(new RpcError(status.CANCELLED, 'context canceled'))
    for (const listener of this.#onCancelled.splice(0)) listener()
    this.#release()
  }

  #release(): void {
    const waiting = this.#onDrained
    this.#onDrained = []
    for (const resolve of waiting) resolve()
  }
}
