import { Server, ServerCredentials, status } from '@grpc/grpc-js'
import type {
  sendUnaryData,
  ServerDuplexStream,
  ServerOptions,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { systemClock } from '@kemu/base'
import { toRpcError } from './error.ts'
import type { Bidi, ClientStream, Message, ServerStream, Service, Unary } from './service.ts'

/**
 * What a method is implemented by. A unary handler returns or throws (an RpcError decides the code); a streaming
 * handler owns the grpc-js stream: it writes with regard to back-pressure, ends it, and listens to `cancelled`.
 */
export type Handler<M> =
  M extends Unary<infer I, infer O>
    ? (request: I, call: ServerUnaryCall<I, Message<O>>) => Promise<Message<O>> | Message<O>
    : M extends ServerStream<infer I, infer O>
      ? (call: ServerWritableStream<I, Message<O>>) => void
      : M extends ClientStream<infer I, infer O>
        ? (call: ServerReadableStream<I, Message<O>>, reply: sendUnaryData<Message<O>>) => void
        : M extends Bidi<infer I, infer O>
          ? (call: ServerDuplexStream<I, Message<O>>) => void
          : never

/** Handlers by method name; a method that is left out answers UNIMPLEMENTED. */
export type Handlers<Methods> = { [Name in keyof Methods]?: Handler<Methods[Name]> }

/** A gRPC server under construction: add services, then listen. */
export class RpcServer {
  readonly #server: Server

  constructor(options: ServerOptions = {}) {
    this.#server = new Server({ ...serverDefaults, ...options })
  }

  add<Methods>(service: Service<Methods>, handlers: Handlers<Methods>): this {
    const implementation: UntypedServiceImplementation = {}
    for (const [name, method] of Object.entries(service.definition())) {
      const handler = (handlers as Record<string, unknown>)[name]
      if (!handler) continue
      implementation[name] =
        method.requestStream || method.responseStream
          ? (handler as UntypedServiceImplementation[string])
          : unary(handler as UnaryHandler)
    }
    this.#server.addService(service.definition(), implementation)
    return this
  }

  /** Binds every address; returns the bound ports in the order of the addresses (0 for unix sockets). */
  listen(
    addresses: readonly string[],
    credentials = ServerCredentials.createInsecure(),
  ): Promise<number[]> {
    return Promise.all(addresses.map((address) => this.#bind(address, credentials)))
  }

  /** Refuses new calls and waits for running ones up to the grace time, then cuts them. */
  close(graceMs = 500): Promise<void> {
    return new Promise((resolve) => {
      const cut = systemClock.setTimer(graceMs, () => this.#server.forceShutdown())
      this.#server.tryShutdown(() => {
        cut.cancel()
        resolve()
      })
    })
  }

  #bind(address: string, credentials: ServerCredentials): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, port) =>
        error
          ? reject(new Error(`cannot listen on ${address}: ${error.message}`, { cause: error }))
          : resolve(port),
      )
    })
  }
}

const serverDefaults: ServerOptions = {
  'grpc.max_receive_message_length': 64 << 20,
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_permit_without_calls': 1,
}

type UnaryHandler = (request: unknown, call: ServerUnaryCall<unknown, unknown>) => unknown

function unary(handler: UnaryHandler) {
  return (call: ServerUnaryCall<unknown, unknown>, reply: sendUnaryData<unknown>): void => {
    answer(handler, call).then(
      (response) => reply(null, response),
      (error: unknown) => {
        const { code, message, metadata } = toRpcError(error)
        reply({ code: code ?? status.UNKNOWN, details: message, metadata })
      },
    )
  }
}

async function answer(
  handler: UnaryHandler,
  call: ServerUnaryCall<unknown, unknown>,
): Promise<unknown> {
  return handler(call.request, call)
}
