import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { systemClock } from '@kemu/base'
import { Http2Connection, plainHeaders, trailersOnly } from './http2/index.ts'
import type { Headers } from './http2/index.ts'
import { Peer } from './peer.ts'
import { ServerCall } from './server-call.ts'
import type { Serve, ServerStream as Stream } from './server-call.ts'
import type {
  ClientStream,
  Message,
  MethodDefinition,
  ServerStream,
  Service,
  Unary,
} from './service.ts'
import { status } from './status.ts'
import { parseTarget } from './target.ts'

/** What a handler may know of its call. */
export type Call = Pick<ServerCall, 'metadata' | 'peer' | 'isCancelled' | 'onCancelled'>

/** A call whose answer is a stream: it writes with regard to `drained`, and ends. */
export interface StreamingCall<O>
  extends Call, Pick<ServerCall, 'sendHeaders' | 'drained' | 'end' | 'fail'> {
  write(message: Message<O>): boolean
}

/** What a method is implemented by. It returns or throws; an RpcError decides the code. */
export type Handler<M> =
  M extends Unary<infer I, infer O>
    ? (request: I, call: Call) => Promise<Message<O>> | Message<O>
    : M extends ServerStream<infer I, infer O>
      ? (request: I, call: StreamingCall<O>) => Promise<void> | void
      : M extends ClientStream<infer I, infer O>
        ? (requests: AsyncIterable<I>, call: Call) => Promise<Message<O>>
        : never

/** Handlers by method name; a method that is left out answers UNIMPLEMENTED. */
export type Handlers<Methods> = { [Name in keyof Methods]?: Handler<Methods[Name]> }

/** What the server shows, PEM texts; it asks callers for a certificate and goes on without one. */
export interface ServerTls {
  /** Who vouches for callers. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

interface Route {
  readonly method: MethodDefinition
  readonly serve: Serve
}

const requestBytesMax = 64 << 20
/** A client that is gone without a word is found by its kernel. */
const tcpKeepAliveMs = 30_000

/** A gRPC server under construction: add services, then listen. */
export class RpcServer {
  readonly #routes = new Map<string, Route>()
  readonly #servers: Server[] = []
  readonly #connections = new Set<Http2Connection>()
  readonly #sockets = new Set<Socket>()

  add<Methods>(service: Service<Methods>, handlers: Handlers<Methods>): this {
    for (const [name, method] of Object.entries(service.definition())) {
      const handler = (handlers as Record<string, AnyHandler | undefined>)[name]
      if (handler) this.#routes.set(method.path, { method, serve: serveBy(handler, method) })
    }
    return this
  }

  /** Binds every address; returns the bound ports in the order of the addresses (0 for unix sockets). */
  listen(addresses: readonly string[], tls?: ServerTls): Promise<number[]> {
    return Promise.all(addresses.map((address) => this.#bind(address, tls)))
  }

  /** Refuses new calls and waits for running ones up to the grace time, then cuts them. */
  async close(graceMs = 500): Promise<void> {
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    )
    for (const connection of this.#connections) connection.close()
    const cut = systemClock.setTimer(graceMs, () => {
      for (const socket of this.#sockets) socket.destroy()
    })
    await Promise.all(closed)
    cut.cancel()
  }

  async #bind(address: string, tls: ServerTls | undefined): Promise<number> {
    const server = await this.#makeServer(tls)
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    const target = parseTarget(address)
    await new Promise<void>((resolve, reject) => {
      const refuse = (error: Error): void =>
        reject(new Error(`cannot listen on ${address}: ${error.message}`, { cause: error }))
      server.once('error', refuse)
      server.listen(target.kind === 'unix' ? { path: target.path } : target, () => {
        server.off('error', refuse)
        resolve()
      })
    })
    this.#servers.push(server)
    return target.kind === 'unix' ? 0 : (server.address() as AddressInfo).port
  }

  async #makeServer(tls: ServerTls | undefined): Promise<Server> {
    if (!tls) return createServer(this.#onSocket)
    const { createServer: createTlsServer } = await import('node:tls')
    return createTlsServer(
      { ...tls, ALPNProtocols: ['h2'], requestCert: true, rejectUnauthorized: false },
      this.#onSocket,
    )
  }

  readonly #onSocket = (socket: Socket): void => {
    socket.setNoDelay(true)
    socket.setKeepAlive(true, tcpKeepAliveMs)
    const peer = new Peer(socket)
    const connection = new Http2Connection(socket, systemClock, (stream, headers) =>
      this.#accept(stream, headers, peer),
    )
    this.#connections.add(connection)
    socket.on('close', () => this.#connections.delete(connection))
  }

  #accept(stream: Stream, headers: Headers, peer: Peer): void {
    if (!headers['content-type']?.startsWith('application/grpc'))
      return stream.writeHeaders(plainHeaders(415, {}), true)
    const path = headers[':path'] ?? ''
    const route = this.#routes.get(path)
    if (!route) return stream.writeHeaders(unknownMethod(path), true)
    const { method, serve } = route
    stream.listener = new ServerCall(stream, headers, peer, method, serve, requestBytesMax)
  }
}

type AnyHandler = (request: object, call: ServerCall) => unknown

function serveBy(handler: AnyHandler, { responseStream }: MethodDefinition): Serve {
  return (call, request) => {
    answer(handler, call, request).then(
      (response) => {
        if (responseStream) return
        call.write(response as object)
        call.end()
      },
      (error: unknown) => call.fail(error),
    )
  }
}

async function answer(handler: AnyHandler, call: ServerCall, request: object): Promise<unknown> {
  return handler(request, call)
}

function unknownMethod(path: string): Buffer {
  const [, service = '', method = ''] = path.split('/')
  return trailersOnly(status.UNIMPLEMENTED, `unknown method ${method} for service ${service}`)
}
