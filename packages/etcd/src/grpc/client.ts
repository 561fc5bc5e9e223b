import { connect as connectTcp, isIP } from 'node:net'
import type { Socket } from 'node:net'
import type { ConnectionOptions, SecureContextOptions } from 'node:tls'
import type { Clock, ResolveName } from '@kemu/base'
import { Http2Connection, keepAlive, percentDecode, requestHeaders } from '@kemu/rpc/http2'
import type { Headers, KeepAlive, MessageStream, StreamListener } from '@kemu/rpc/http2'
import { ProtobufReader, ProtobufWriter } from '@kemu/rpc/protobuf'
import type { CodecMethod, Init } from '@kemu/rpc/protobuf'
import { code, GrpcError } from './status.ts'

export interface ChannelTarget {
  readonly host: string
  readonly port: number
  readonly isSecure: boolean
}

export interface ChannelDeps {
  readonly clock: Clock
  /** Asked at each dial: a peer may have come back with another address. */
  readonly resolve: ResolveName
  /** Our certificate and whom we trust; read at each dial, they may have been signed again. */
  readonly tls: () => SecureContextOptions
  /** Cuts a connection with open calls whose server went silent; without it, the calls themselves must notice. */
  readonly keepAlive?: KeepAlive
}

const dialTimeoutMs = 5000
const prefixBytes = 5
const scratch = new ProtobufWriter(64 << 10)

/** Connects to a server and hears from it; rejects with Node's error. */
export async function dial(target: ChannelTarget, deps: ChannelDeps): Promise<Channel> {
  const [address] = await deps.resolve(target.host)
  if (address === undefined) throw new Error(`${target.host} has no address`)
  const tls = target.isSecure ? await import('node:tls') : undefined
  const plain = connectTcp({ host: address, port: target.port })
  plain.setNoDelay(true)
  plain.setKeepAlive(true, 10_000)
  await once('connect', plain, deps.clock)
  const socket = tls?.connect({ ...deps.tls(), ...securityOf(target), socket: plain }) ?? plain
  const connection = new Http2Connection(socket, deps.clock)
  // Until the server's first frame: a host that is gone, or hangs, may take connections and say nothing.
  await once('data', socket, deps.clock)
  if (deps.keepAlive) keepAlive(connection, deps.clock, deps.keepAlive)
  return new Channel(connection, target)
}

/**
 * TLS is spoken once somebody listens: a server that is not up yet is asked often, and to read a key and certificates
 * costs a hundred times as much as a refused connection. The server is known by its name, not by where it was found.
 */
function securityOf({ host }: ChannelTarget): ConnectionOptions {
  // A name in an address's place is for servers with several certificates; an address is not allowed there.
  return { ...(isIP(host) === 0 && { servername: host }), ALPNProtocols: ['h2'] }
}

/** Until the socket's first event of this name; destroys it when it fails, or takes too long. */
function once(event: 'connect' | 'data', socket: Socket, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      timer.cancel()
      socket.destroy()
      reject(error)
    }
    const onClose = (): void => fail(new Error('connection closed'))
    const timer = clock.setTimer(dialTimeoutMs, () => fail(new Error('connection timed out')))
    socket.once('error', fail).once('close', onClose)
    socket.once(event, () => {
      timer.cancel()
      socket.off('error', fail).off('close', onClose)
      resolve()
    })
  })
}

export interface ClientStreamEvents<O> {
  onMessage(message: O): void
  /** The call is over, well or not. */
  onEnd(error: GrpcError | undefined): void
  onDrain(): void
}

/** What a channel goes over: HTTP/2, or what a simulation has in its place. */
export interface ClientConnection {
  open(headers: Buffer, listener: StreamListener): MessageStream
  /** Hands what was written to the network at once. */
  flush(): void
  /** Calls back when it is gone, also when it is already. */
  onClose(listener: () => void): void
  destroy(): void
}

/** One connection to a server, for calls side by side. */
export class Channel {
  readonly #connection: ClientConnection
  readonly #target: ChannelTarget
  readonly #metadata: Readonly<Record<string, string>>
  readonly #headers = new Map<string, Buffer>()

  constructor(
    connection: ClientConnection,
    target: ChannelTarget,
    metadata: Readonly<Record<string, string>> = {},
  ) {
    this.#connection = connection
    this.#target = target
    this.#metadata = metadata
  }

  /** The same connection, with these headers in each call. */
  withMetadata(metadata: Readonly<Record<string, string>>): Channel {
    return new Channel(this.#connection, this.#target, metadata)
  }

  onClose(listener: () => void): void {
    this.#connection.onClose(listener)
  }

  stream<I, O>(method: CodecMethod<I, O>, events: ClientStreamEvents<O>): ClientCall<I, O> {
    const headers = this.#headersOf(method.path)
    return new ClientCall(method, events, (listener) => this.#connection.open(headers, listener))
  }

  /** The same for each call of a method. */
  #headersOf(path: string): Buffer {
    const known = this.#headers.get(path)
    if (known) return known
    const { host, port, isSecure } = this.#target
    const headers = requestHeaders(path, `${host}:${port}`, isSecure, this.#metadata)
    this.#headers.set(path, headers)
    return headers
  }

  unary<I, O>(method: CodecMethod<I, O>, request: Init<I>): Promise<O> {
    return new Promise((resolve, reject) => {
      let response: O | undefined
      const call = this.stream(method, {
        onMessage: (message) => {
          response = message
        },
        onEnd: (error) => {
          if (error) reject(error)
          else if (response === undefined) reject(new GrpcError(code.INTERNAL, 'no response'))
          else resolve(response)
        },
        onDrain: () => {},
      })
      call.write(request)
      call.end()
    })
  }

  /** Hands what was written to the network at once. */
  flush(): void {
    this.#connection.flush()
  }

  close(): void {
    this.#connection.destroy()
  }
}

/** A call that we make. */
export class ClientCall<I, O> implements StreamListener {
  readonly #method: CodecMethod<I, O>
  readonly #events: ClientStreamEvents<O>
  readonly #stream: MessageStream
  /** The beginning of a message whose end has not come; joined once, lists are many megabytes. */
  #parts: Buffer[] = []
  #partsBytes = 0
  #wantedBytes = prefixBytes
  #trailers: Headers = {}
  #isOver = false

  constructor(
    method: CodecMethod<I, O>,
    events: ClientStreamEvents<O>,
    open: (listener: StreamListener) => MessageStream,
  ) {
    this.#method = method
    this.#events = events
    this.#stream = open(this)
  }

  get backlogBytes(): number {
    return this.#stream.backlogBytes
  }

  write(message: Init<I>): void {
    scratch.reset()
    this.#method.request.encode(scratch, message)
    scratch.fixed32(scratch.length)
    scratch.byte(0)
    this.#stream.writeData(scratch.bytes())
  }

  end(): void {
    this.#stream.end()
  }

  cancel(): void {
    this.#isOver = true
    this.#stream.reset('CANCEL')
  }

  onHeaders(headers: Headers): void {
    this.#trailers = headers
  }

  onData(bytes: Buffer): void {
    this.#partsBytes += bytes.length
    if (this.#partsBytes < this.#wantedBytes) return void this.#parts.push(bytes)
    let data = this.#parts.length > 0 ? Buffer.concat([...this.#parts, bytes]) : bytes
    this.#wantedBytes = prefixBytes
    while (data.length >= prefixBytes) {
      const end = prefixBytes + data.readUInt32BE(1)
      if (data.length < end) {
        this.#wantedBytes = end
        break
      }
      const message = data.subarray(prefixBytes, end)
      const reader = new ProtobufReader(message)
      this.#events.onMessage(this.#method.response.decode(reader, message.length))
      data = data.subarray(end)
    }
    this.#parts = data.length > 0 ? [data] : []
    this.#partsBytes = data.length
  }

  onEnd(): void {
    const status = Number(this.#trailers['grpc-status'] ?? code.UNKNOWN)
    const text = percentDecode(this.#trailers['grpc-message'] ?? '')
    this.#finish(status === code.OK ? undefined : new GrpcError(status, text))
  }

  onAbort(): void {
    this.#finish(new GrpcError(code.UNAVAILABLE, 'the connection was lost'))
  }

  onDrain(): void {
    if (!this.#isOver) this.#events.onDrain()
  }

  #finish(error: GrpcError | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#events.onEnd(error)
  }
}
