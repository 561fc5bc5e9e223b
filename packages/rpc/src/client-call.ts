import { systemClock } from '@kemu/base'
import type { Timer } from '@kemu/base'
import type { Connector } from './connector.ts'
import { RpcError, toRpcError } from './error.ts'
import { percentDecode } from './http2/index.ts'
import type { Headers, Http2Connection, StreamListener } from './http2/index.ts'
import { MessageReader, frameMessage } from './message-reader.ts'
import { status, statusOfHttp } from './status.ts'

export interface CallEvents {
  onMessage(message: Buffer): void
  /** The call is over, well or not; nothing follows. */
  onEnd(error: RpcError | undefined): void
}

export interface CallLimits {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

type ClientStream = ReturnType<Http2Connection['open']>

/** One call with one request: headers and the message go out when there is a connection; ends at its time. */
export class ClientCall implements StreamListener {
  readonly #events: CallEvents
  readonly #signal: AbortSignal | undefined
  readonly #reader = new MessageReader(Number.POSITIVE_INFINITY)
  readonly #timer: Timer | undefined
  #stream: ClientStream | undefined
  #headers: Headers = {}
  #isOver = false

  constructor(events: CallEvents, { timeoutMs, signal }: CallLimits) {
    this.#events = events
    this.#signal = signal
    if (timeoutMs !== undefined) this.#timer = systemClock.setTimer(timeoutMs, () => this.#expire())
    signal?.addEventListener('abort', this.cancel)
  }

  start(connector: Connector, head: Buffer, request: Buffer): void {
    if (this.#signal?.aborted) return this.cancel()
    const { current } = connector
    if (current) return this.#send(current, head, request)
    connector.connect().then(
      (connection) => this.#send(connection, head, request),
      (error: unknown) => this.#finish(toRpcError(error)),
    )
  }

  readonly cancel = (): void => {
    this.#end(new RpcError(status.CANCELLED, 'context canceled'))
  }

  /** Ends a call of ours for a reason of ours. */
  fail(error: RpcError): void {
    this.#end(error)
  }

  pause(): void {
    this.#stream?.pause()
  }

  resume(): void {
    this.#stream?.resume()
  }

  onHeaders(headers: Headers): void {
    // Trailers keep the first block's `:status`.
    this.#headers = { ...this.#headers, ...headers }
  }

  onData(bytes: Buffer): void {
    if (this.#isOver) return
    try {
      for (const message of this.#reader.push(bytes)) this.#events.onMessage(message)
    } catch (error) {
      this.#end(toRpcError(error))
    }
  }

  onEnd(): void {
    const { 'grpc-status': code, 'grpc-message': message = '' } = this.#headers
    if (code === undefined) return this.#finish(this.#plainError())
    const isOk = Number(code) === status.OK
    this.#finish(
      isOk ? undefined : new RpcError(Number(code), percentDecode(message), this.#headers),
    )
  }

  onAbort(resetCode?: number): void {
    this.#finish(
      resetCode === undefined
        ? new RpcError(status.UNAVAILABLE, 'error reading from server: EOF')
        : resetError(resetCode),
    )
  }

  onDrain(): void {}

  #expire(): void {
    this.#end(new RpcError(status.DEADLINE_EXCEEDED, 'context deadline exceeded'))
  }

  #send(connection: Http2Connection, head: Buffer, request: Buffer): void {
    if (this.#isOver) return
    this.#stream = connection.open(head, this)
    this.#stream.writeData(frameMessage(request))
    this.#stream.end()
  }

  #plainError(): RpcError {
    const httpStatus = this.#headers[':status']
    if (httpStatus === '200')
      return new RpcError(status.INTERNAL, 'server closed the stream without sending trailers')
    const text = `unexpected HTTP status code received from server: ${httpStatus}`
    return new RpcError(statusOfHttp(Number(httpStatus)), text)
  }

  /** Tells the server too. */
  #end(error: RpcError): void {
    if (this.#isOver) return
    this.#stream?.reset('CANCEL')
    this.#finish(error)
  }

  #finish(error: RpcError | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer?.cancel()
    this.#signal?.removeEventListener('abort', this.cancel)
    this.#events.onEnd(error)
  }
}

/** gRPC over HTTP/2, "HTTP2 Transport Mapping, Errors". */
function resetError(code: number): RpcError {
  const text = `stream terminated by RST_STREAM with error code: ${code}`
  if (code === 7) return new RpcError(status.UNAVAILABLE, text)
  if (code === 8) return new RpcError(status.CANCELLED, text)
  if (code === 11) return new RpcError(status.RESOURCE_EXHAUSTED, text)
  return new RpcError(status.INTERNAL, text)
}
