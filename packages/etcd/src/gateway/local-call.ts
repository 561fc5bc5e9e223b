import { HpackDecoder, percentDecode } from '@kemu/rpc/http2'
import type { Headers, MessageStream, StreamListener } from '@kemu/rpc/http2'
import type { GrpcServer } from '../grpc/server.ts'

export interface LocalCallEvents {
  /** The bytes are valid until it returns. */
  onMessage(message: Buffer): void
  onEnd(status: { readonly code: number; readonly message: string }): void
  /** What was written for the client and not taken yet. */
  backlogBytes(): number
}

const prefixBytes = 5

/** A call of this process's own gRPC server, without a connection between. */
export class LocalCall implements MessageStream {
  listener: StreamListener | undefined
  readonly #events: LocalCallEvents

  constructor(server: GrpcServer, path: string, headers: Headers, events: LocalCallEvents) {
    this.#events = events
    // A certificate does not stand for a user here: etcd takes it for its own gateway's.
    server.accept(this, { ...headers, ':path': path }, { commonName: undefined })
  }

  get backlogBytes(): number {
    return this.#events.backlogBytes()
  }

  /** What the client says. */
  send(message: Buffer): void {
    const prefix = Buffer.alloc(prefixBytes)
    prefix.writeUInt32BE(message.length, 1)
    this.listener?.onData(Buffer.concat([prefix, message]))
  }

  endRequest(): void {
    this.listener?.onEnd()
  }

  abort(): void {
    this.listener?.onAbort()
  }

  drained(): void {
    this.listener?.onDrain()
  }

  writeHeaders(block: Buffer, isLast: boolean): void {
    if (!isLast) return
    const headers = new HpackDecoder().decode(block)
    const message = percentDecode(headers['grpc-message'] ?? '')
    this.#events.onEnd({ code: Number(headers['grpc-status']), message })
  }

  /** One message with its prefix, as the server writes them. */
  writeData(bytes: Buffer): void {
    this.#events.onMessage(bytes.subarray(prefixBytes))
  }

  end(): void {}

  reset(): void {}
}
