import { ClientCall } from './client-call.ts'
import type { CallEvents } from './client-call.ts'
import { Connector } from './connector.ts'
import type { ConnectorOptions } from './connector.ts'
import type { ClientTls } from './dial.ts'
import { RpcError, toRpcError } from './error.ts'
import { encodeTimeout } from './timeout.ts'
import { headerFields, requestHeaders } from './http2/index.ts'
import type { KeepAlive } from './http2/index.ts'
import { MessageQueue } from './message-queue.ts'
import type { Metadata } from './metadata.ts'
import type { Message, MethodDefinition, ServerStream, Service, Unary } from './service.ts'
import { systemClock } from '@kemu/base'
import { status } from './status.ts'
import { parseTarget } from './target.ts'
import type { Target } from './target.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Counted from now; passed on to the server as its deadline. */
  readonly timeoutMs?: number
  readonly metadata?: Metadata
}

/** How a method is called. Unary calls reject with an RpcError, streams throw it from their iteration. */
export type Caller<M> =
  M extends Unary<infer I, infer O>
    ? (request: Message<I>, options?: CallOptions) => Promise<O>
    : M extends ServerStream<infer I, infer O>
      ? (request: Message<I>, options?: CallOptions) => MessageQueue<O>
      : never

export type RpcClient<Methods> = { readonly [Name in keyof Methods]: Caller<Methods[Name]> }

export interface ChannelOptions {
  /** Without it, calls go in the clear. */
  readonly tls?: ClientTls
  readonly userAgent?: string
  /** Of connections to other machines: a lost peer must be noticed on an idle stream too. */
  readonly keepAlive?: KeepAlive
  readonly handshakeMsMax?: number
}

const defaultKeepAlive: KeepAlive = { everyMs: 10_000, timeoutMs: 5000 }

/** One connection that several services share; it connects when first used and again when it broke. */
export class RpcChannel {
  readonly #connector: Connector
  readonly #target: Target
  readonly #options: ChannelOptions
  /** The headers that all calls of a method have, by path. */
  readonly #heads = new Map<string, Buffer>()

  /** `target` is `host:port`, its host looked up by this process's own resolver, or `unix:/path`. */
  constructor(target: string, options: ChannelOptions = {}) {
    this.#target = parseTarget(target)
    this.#options = options
    const { tls, handshakeMsMax } = options
    const about: ConnectorOptions = {
      keepAlive: options.keepAlive ?? defaultKeepAlive,
      ...(tls && { tls }),
      ...(handshakeMsMax !== undefined && { handshakeMsMax }),
    }
    this.#connector = new Connector(this.#target, about)
  }

  service<Methods>(service: Service<Methods>): RpcClient<Methods> {
    const callers = Object.entries(service.definition())
      .filter(([, method]) => !method.requestStream)
      .map(([name, method]) => [
        name,
        (request: object, options: CallOptions = {}) =>
          method.responseStream
            ? this.#stream(method, request, options)
            : this.#unary(method, request, options),
      ])
    return Object.fromEntries(callers) as RpcClient<Methods>
  }

  /** Resolves when the connection stands; rejects with the last failure after the time. */
  async ready(timeoutMs: number): Promise<void> {
    const untilMs = systemClock.monotonicMs() + timeoutMs
    for (;;) {
      try {
        await this.#connector.connect()
        return
      } catch (error) {
        const isClosed = (error as RpcError).code === status.CANCELLED
        if (isClosed || systemClock.monotonicMs() > untilMs) throw error
      }
    }
  }

  /** Ends running calls too. */
  close(): void {
    this.#connector.close()
  }

  #unary(method: MethodDefinition, request: object, options: CallOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let answer: Buffer | undefined
      this.#start(method, request, options, {
        onMessage: (message) => (answer = message),
        onEnd: (error) => {
          if (error) return reject(error)
          if (!answer) return reject(new RpcError(status.INTERNAL, 'the answer has no message'))
          try {
            resolve(method.responseDeserialize(answer))
          } catch (fault) {
            reject(undecodable(fault))
          }
        },
      })
    })
  }

  #stream(method: MethodDefinition, request: object, options: CallOptions): MessageQueue<unknown> {
    const messages: MessageQueue<unknown> = new MessageQueue({
      pause: () => call.pause(),
      resume: () => call.resume(),
      cancel: () => call.cancel(),
    })
    const call = this.#start(method, request, options, {
      onMessage: (bytes) => {
        try {
          messages.push(method.responseDeserialize(bytes))
        } catch (fault) {
          throw undecodable(fault)
        }
      },
      onEnd: (error) => messages.end(error),
    })
    return messages
  }

  #start(
    method: MethodDefinition,
    request: object,
    options: CallOptions,
    events: CallEvents,
  ): ClientCall {
    const call = new ClientCall(events, options)
    const head = Buffer.concat([this.#headOf(method.path), fieldsOf(options)])
    call.start(this.#connector, head, method.requestSerialize(request))
    return call
  }

  #headOf(path: string): Buffer {
    const known = this.#heads.get(path)
    if (known) return known
    const { userAgent, tls } = this.#options
    const agent: Metadata = userAgent === undefined ? {} : { 'user-agent': userAgent }
    const head = requestHeaders(path, authorityOf(this.#target), tls !== undefined, agent)
    this.#heads.set(path, head)
    return head
  }
}

/** As grpc-go names the server of a socket. */
function authorityOf(target: Target): string {
  return target.kind === 'unix' ? 'localhost' : `${target.host}:${target.port}`
}

function fieldsOf({ metadata, timeoutMs }: CallOptions): Buffer {
  return headerFields({
    ...(timeoutMs !== undefined && { 'grpc-timeout': encodeTimeout(timeoutMs) }),
    ...metadata,
  })
}

function undecodable(error: unknown): RpcError {
  return new RpcError(
    status.INTERNAL,
    `grpc: failed to unmarshal the received message: ${toRpcError(error).message}`,
  )
}
