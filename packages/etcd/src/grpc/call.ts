import { assert } from '@kemu/base'
import { okTrailers, responseHeaders, trailers, trailersOnly } from '@kemu/rpc/http2'
import type { Headers, MessageStream, StreamListener } from '@kemu/rpc/http2'
import { ProtobufError, ProtobufReader, ProtobufWriter } from '@kemu/rpc/protobuf'
import type { CodecMethod, Init } from '@kemu/rpc/protobuf'
import { code, GrpcError } from './status.ts'

/** Compressed flag and length before each message. */
const prefixBytes = 5
const scratch = new ProtobufWriter(256 << 10)

/** Who calls: the common name of the client's certificate, when one was verified. */
export interface PeerIdentity {
  readonly commonName: string | undefined
}

export interface CallLimits {
  readonly requestBytesMax: number
}

type AnyMethod = CodecMethod<unknown, unknown>

/** What the server wants of a call; one object for each kind of method. */
export interface CallHandler {
  onMessage(call: ServerCall, request: unknown, bytes: Buffer): void
  /** The client has sent everything. */
  onEnd(call: ServerCall): void
  onAbort(call: ServerCall): void
  onDrain(call: ServerCall): void
}

/** One gRPC call at the server: messages in, messages and a status out. */
export class ServerCall implements StreamListener {
  readonly headers: Headers
  readonly peer: PeerIdentity
  readonly #stream: MessageStream
  readonly #method: AnyMethod
  readonly #limits: CallLimits
  #handler: CallHandler | undefined
  #partial: Buffer | undefined
  #hasHeaders = false
  #abort: AbortController | undefined
  #isDone = false

  constructor(
    stream: MessageStream,
    headers: Headers,
    method: AnyMethod,
    peer: PeerIdentity,
    limits: CallLimits,
  ) {
    this.#stream = stream
    this.headers = headers
    this.#method = method
    this.peer = peer
    this.#limits = limits
  }

  get path(): string {
    return this.#method.path
  }

  /** Answered, refused or gone. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Bytes of ours that the client has not taken yet. */
  get backlogBytes(): number {
    return this.#stream.backlogBytes
  }

  /** Aborted when the client goes away before it was answered. */
  signal(): AbortSignal {
    this.#abort ??= new AbortController()
    return this.#abort.signal
  }

  handleWith(handler: CallHandler): void {
    this.#handler = handler
  }

  /** Sends one message. */
  write(message: Init<unknown>): void {
    if (this.#isDone) return
    if (!this.#hasHeaders) this.#sendHeaders()
    scratch.reset()
    this.#method.response.encode(scratch, message)
    writePrefix(scratch)
    this.#stream.writeData(scratch.bytes())
  }

  /** Ends the call well. */
  end(): void {
    if (this.#isDone) return
    if (!this.#hasHeaders) this.#sendHeaders()
    this.#isDone = true
    this.#stream.writeHeaders(okTrailers, true)
  }

  /** The only message of a unary call. */
  reply(message: Init<unknown>): void {
    this.write(message)
    this.end()
  }

  fail(error: unknown): void {
    if (this.#isDone) return
    this.#isDone = true
    const status = error instanceof GrpcError ? error.code : code.UNKNOWN
    const text = error instanceof Error ? error.message : String(error)
    const block = this.#hasHeaders ? trailers(status, text) : trailersOnly(status, text)
    this.#stream.writeHeaders(block, true)
  }

  onData(bytes: Buffer): void {
    let data = this.#partial ? Buffer.concat([this.#partial, bytes]) : bytes
    this.#partial = undefined
    while (data.length >= prefixBytes && !this.#isDone) {
      if (data[0] !== 0)
        return this.#refuse(code.UNIMPLEMENTED, 'compressed messages are not supported')
      const length = data.readUInt32BE(1)
      if (length > this.#limits.requestBytesMax) {
        const text = `grpc: received message larger than max (${length} vs. ${this.#limits.requestBytesMax})`
        return this.#refuse(code.RESOURCE_EXHAUSTED, text)
      }
      if (data.length < prefixBytes + length) break
      this.#onMessage(data.subarray(prefixBytes, prefixBytes + length))
      data = data.subarray(prefixBytes + length)
    }
    if (data.length > 0 && !this.#isDone) this.#partial = data
  }

  onEnd(): void {
    if (!this.#isDone) this.#handler?.onEnd(this)
  }

  onAbort(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#abort?.abort()
    this.#handler?.onAbort(this)
  }

  onDrain(): void {
    if (!this.#isDone) this.#handler?.onDrain(this)
  }

  #onMessage(bytes: Buffer): void {
    let request: unknown
    try {
      request = this.#method.request.decode(new ProtobufReader(bytes), bytes.length)
    } catch (error) {
      if (!(error instanceof ProtobufError)) throw error
      return this.#refuse(code.INTERNAL, `grpc: error unmarshalling request: ${error.message}`)
    }
    assert(this.#handler, 'a call is handled before its data is read')
    this.#handler.onMessage(this, request, bytes)
  }

  #refuse(status: number, message: string): void {
    this.fail(new GrpcError(status, message))
    this.#handler?.onAbort(this)
  }

  #sendHeaders(): void {
    this.#hasHeaders = true
    this.#stream.writeHeaders(responseHeaders, false)
  }
}

function writePrefix(writer: ProtobufWriter): void {
  writer.fixed32(writer.length)
  writer.byte(0)
}
