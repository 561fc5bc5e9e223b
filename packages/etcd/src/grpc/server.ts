import { createServer as createHttpServer } from 'node:http'
import type { Server as HttpServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import type { Clock } from '@kemu/base'
import { Http2Connection, trailersOnly } from '@kemu/rpc/http2'
import type { Headers, MessageStream } from '@kemu/rpc/http2'
import type { CodecMethod, Init } from '@kemu/rpc/protobuf'
import type { HttpListener } from '../http/exchange.ts'
import { answerPlainly } from '../http/http2-exchange.ts'
import { ServerCall } from './call.ts'
import type { CallHandler, CallLimits, PeerIdentity } from './call.ts'
import { code } from './status.ts'

/** A call of one method, with its types. */
export interface Call<Response> extends ServerCall {
  write(message: Init<Response>): void
  reply(message: Init<Response>): void
}

export type UnaryHandler<Request, Response> = (
  request: Request,
  call: Call<Response>,
  /** The request as it came. */
  bytes: Buffer,
) => void

export interface StreamHandler<Request> {
  onMessage(request: Request): void
  onEnd(): void
  onAbort(): void
  onDrain(): void
}

export interface ServerTls {
  /** Read at each handshake's context renewal: certificates may be signed again while we run. */
  readonly context: SecureContextOptions
  /** Ask for a client certificate and refuse who has none. */
  readonly requireClientCertificate: boolean
}

export type Guard = (path: string, request: unknown) => void

const ignored: CallHandler = { onMessage() {}, onEnd() {}, onAbort() {}, onDrain() {} }

interface Route {
  readonly method: CodecMethod<unknown, unknown>
  readonly open: (call: ServerCall) => CallHandler
}

/**
 * A gRPC server on our own HTTP/2 (docs/adr/0010): it costs a fraction of what node:http2 and grpc-js cost for each
 * unary call. What is no gRPC gets the plain listener's answers on the same port, over HTTP/1.1 or HTTP/2.
 */
export class GrpcServer {
  readonly #routes = new Map<string, Route>()
  readonly #limits: CallLimits
  readonly #clock: Clock
  readonly #onHttp: HttpListener
  readonly #http: HttpServer
  readonly #listeners: { close(done: () => void): void }[] = []
  readonly #connections = new Set<Http2Connection>()
  readonly #sockets = new Set<Socket>()
  readonly #http1Sockets = new Set<Socket>()
  #guard: Guard | undefined
  readonly #pastTraffic: Traffic = { receivedBytes: 0, sentBytes: 0 }

  constructor(limits: CallLimits, clock: Clock, onHttp: HttpListener) {
    this.#limits = limits
    this.#clock = clock
    this.#onHttp = onHttp
    this.#http = createHttpServer(onHttp)
  }

  /** Sees each call first, and throws what refuses it; a stream has no request yet. */
  guardWith(guard: Guard | undefined): void {
    this.#guard = guard
  }

  unary<I, O>(method: CodecMethod<I, O>, handler: UnaryHandler<I, O>): this {
    const run = (call: ServerCall, request: unknown, bytes: Buffer): void => {
      try {
        this.#guard?.(method.path, request)
        handler(request as I, call, bytes)
      } catch (error) {
        call.fail(error)
      }
    }
    return this.#route(method, () => new UnaryCallHandler(run))
  }

  /** A unary method whose work is a promise. */
  async<I, O>(
    method: CodecMethod<I, O>,
    handler: (request: I, call: Call<O>) => Promise<Init<O>> | Init<O>,
  ): this {
    return this.unary<I, O>(method, (request, call) => {
      void Promise.resolve()
        .then(() => handler(request, call))
        .then(
          (response) => call.reply(response),
          (error: unknown) => call.fail(error),
        )
    })
  }

  stream<I, O>(method: CodecMethod<I, O>, open: (call: Call<O>) => StreamHandler<I>): this {
    return this.#route(method, (call) => {
      try {
        this.#guard?.(method.path, undefined)
      } catch (error) {
        call.fail(error)
        return ignored
      }
      const handler = open(call)
      return {
        onMessage: (_call, request) => handler.onMessage(request as I),
        onEnd: () => handler.onEnd(),
        onAbort: () => handler.onAbort(),
        onDrain: () => handler.onDrain(),
      }
    })
  }

  /** Of all connections, those that are gone too. */
  traffic(): Traffic {
    const sum = { ...this.#pastTraffic }
    for (const socket of this.#sockets) addTraffic(sum, socket)
    return sum
  }

  /** Binds one address; resolves with the port. Rejects with Node's error when it is taken. */
  async listen(host: string, port: number, tls?: ServerTls): Promise<number> {
    const server = tls ? await this.#tlsServer(tls) : createTcpServer(this.#onSocket)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, () => {
        server.off('error', reject)
        resolve()
      })
    })
    this.#listeners.push(server)
    return (server.address() as AddressInfo).port
  }

  /** Refuses new work, lets running calls end within the grace time, then cuts them. */
  async close(graceMs: number, afterMs: (ms: number, then: () => void) => void): Promise<void> {
    const closed = this.#listeners.map(
      (listener) => new Promise<void>((resolve) => listener.close(resolve)),
    )
    for (const connection of this.#connections) connection.close()
    // Node's own list of them is made when a server listens, which this one does not.
    for (const socket of this.#http1Sockets) socket.destroy()
    afterMs(graceMs, () => {
      for (const socket of this.#sockets) socket.destroy()
    })
    await Promise.all(closed)
  }

  #route<I, O>(method: CodecMethod<I, O>, open: Route['open']): this {
    this.#routes.set(method.path, { method, open })
    return this
  }

  async #tlsServer(tls: ServerTls): Promise<TcpServer> {
    const { createServer } = await import('node:tls')
    return createServer(
      {
        ...tls.context,
        ALPNProtocols: ['h2', 'http/1.1'],
        requestCert: tls.requireClientCertificate,
        rejectUnauthorized: tls.requireClientCertificate,
      },
      this.#onSocket,
    )
  }

  readonly #onSocket = (socket: Socket): void => {
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 30_000)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      addTraffic(this.#pastTraffic, socket)
    })
    socket.once('error', () => {})
    // HTTP/2 opens with `PRI`; no method of HTTP/1 does.
    socket.once('data', (first: Buffer) => {
      const isHttp2 = first[0] === 0x50 && first[1] === 0x52
      if (isHttp2) this.#serveHttp2(socket, first)
      else this.#serveHttp1(socket, first)
    })
  }

  #serveHttp2(socket: Socket, first: Buffer): void {
    const peer = identityOf(socket)
    const connection = new Http2Connection(socket, this.#clock, (stream, headers) =>
      this.accept(stream, headers, peer),
    )
    this.#connections.add(connection)
    socket.on('close', () => this.#connections.delete(connection))
    socket.emit('data', first)
  }

  #serveHttp1(socket: Socket, first: Buffer): void {
    this.#http1Sockets.add(socket)
    socket.on('close', () => this.#http1Sockets.delete(socket))
    socket.pause()
    this.#http.emit('connection', socket)
    socket.unshift(first)
    socket.resume()
  }

  /** A request has begun: finds who answers it. */
  accept(stream: MessageStream, headers: Headers, peer: PeerIdentity): void {
    const route = this.#routes.get(headers[':path'] ?? '')
    if (!route) {
      if (!isGrpc(headers)) return answerPlainly(stream, headers, this.#onHttp)
      const [, service = '', method = ''] = (headers[':path'] ?? '').split('/')
      const text = `unknown method ${method} for service ${service}`
      stream.writeHeaders(trailersOnly(code.UNIMPLEMENTED, text), true)
      return
    }
    const call = new ServerCall(stream, headers, route.method, peer, this.#limits)
    stream.listener = call
    call.handleWith(route.open(call))
  }
}

export interface Traffic {
  receivedBytes: number
  sentBytes: number
}

function addTraffic(sum: Traffic, { bytesRead, bytesWritten }: Socket): void {
  sum.receivedBytes += bytesRead
  sum.sentBytes += bytesWritten
}

class UnaryCallHandler implements CallHandler {
  readonly #run: (call: ServerCall, request: unknown, bytes: Buffer) => void
  #request: unknown
  #bytes: Buffer | undefined

  constructor(run: (call: ServerCall, request: unknown, bytes: Buffer) => void) {
    this.#run = run
  }

  onMessage(_call: ServerCall, request: unknown, bytes: Buffer): void {
    this.#request = request
    this.#bytes = bytes
  }

  onEnd(call: ServerCall): void {
    if (this.#bytes) this.#run(call, this.#request, this.#bytes)
    else call.fail(new Error('the request has no message'))
  }

  onAbort(): void {}

  onDrain(): void {}
}

function isGrpc(headers: Headers): boolean {
  return headers['content-type']?.startsWith('application/grpc') ?? false
}

function identityOf(socket: Socket): PeerIdentity {
  const secure = socket as Partial<TLSSocket>
  if (!secure.encrypted || !secure.authorized) return { commonName: undefined }
  const subject = secure.getPeerCertificate?.()?.subject as { CN?: string } | undefined
  return { commonName: subject?.CN }
}
