import { Client, credentials as channelCredentials, Metadata } from '@grpc/grpc-js'
import type {
  CallOptions as GrpcCallOptions,
  ChannelCredentials,
  ClientDuplexStream,
  ClientOptions,
  ClientReadableStream,
  ClientWritableStream,
} from '@grpc/grpc-js'
import { systemClock } from '@kemu/base'
import { toRpcError } from './error.ts'
import type { RpcError } from './error.ts'
import type {
  Bidi,
  ClientStream,
  Message,
  MethodDefinition,
  ServerStream,
  Service,
  Unary,
} from './service.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Counted from now; passed on to the server as its deadline. */
  readonly timeoutMs?: number
  readonly metadata?: Metadata
}

/** How a method is called. Unary calls reject with an RpcError; streams emit it as `error`. */
export type Caller<M> =
  M extends Unary<infer I, infer O>
    ? (request: Message<I>, options?: CallOptions) => Promise<O>
    : M extends ServerStream<infer I, infer O>
      ? (request: Message<I>, options?: CallOptions) => ClientReadableStream<O>
      : M extends ClientStream<infer I, infer O>
        ? (
            reply: (error: RpcError | null, response?: O) => void,
            options?: CallOptions,
          ) => ClientWritableStream<Message<I>>
        : M extends Bidi<infer I, infer O>
          ? (options?: CallOptions) => ClientDuplexStream<Message<I>, O>
          : never

export type RpcClient<Methods> = { readonly [Name in keyof Methods]: Caller<Methods[Name]> }

/** One connection that several services share; it connects when first used and again when it broke. */
export class RpcChannel {
  readonly #client: Client

  /** `target` is `host:port`, `unix:/path`, or `name:///host:port` (see name-resolver.ts). */
  constructor(target: string, credentials?: ChannelCredentials, options: ClientOptions = {}) {
    this.#client = new Client(target, credentials ?? channelCredentials.createInsecure(), {
      ...clientDefaults,
      ...options,
    })
  }

  service<Methods>(service: Service<Methods>): RpcClient<Methods> {
    const callers = Object.entries(service.definition()).map(([name, method]) => [
      name,
      this.#caller(method),
    ])
    return Object.fromEntries(callers) as RpcClient<Methods>
  }

  /** Resolves when the connection stands; rejects after the time. */
  ready(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(systemClock.now() + timeoutMs, (error) =>
        error ? reject(error) : resolve(),
      )
    })
  }

  close(): void {
    this.#client.close()
  }

  #caller(method: MethodDefinition): unknown {
    const { path, requestSerialize, responseDeserialize } = method
    const client = this.#client
    if (method.requestStream && method.responseStream) {
      return (options?: CallOptions) => {
        const call = client.makeBidiStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          metadataOf(options),
          grpcOptions(options),
        )
        return abortable(call, options)
      }
    }
    if (method.requestStream) {
      return (reply: (error: RpcError | null, response?: unknown) => void, options?: CallOptions) =>
        abortable(
          client.makeClientStreamRequest(
            path,
            requestSerialize,
            responseDeserialize,
            metadataOf(options),
            grpcOptions(options),
            (error, response) => (error ? reply(toRpcError(error)) : reply(null, response)),
          ),
          options,
        )
    }
    if (method.responseStream) {
      return (request: object, options?: CallOptions) =>
        abortable(
          client.makeServerStreamRequest(
            path,
            requestSerialize,
            responseDeserialize,
            request,
            metadataOf(options),
            grpcOptions(options),
          ),
          options,
        )
    }
    return (request: object, options?: CallOptions) =>
      new Promise((resolve, reject) => {
        const call = client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadataOf(options),
          grpcOptions(options),
          (error, response) => (error ? reject(toRpcError(error)) : resolve(response)),
        )
        abortable(call, options)
      })
  }
}

const clientDefaults: ClientOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // A lost peer must be noticed on an idle stream too.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  // Local servers come back within milliseconds; upstream's 1 s first delay would dominate start-up.
  'grpc.initial_reconnect_backoff_ms': 20,
  'grpc.min_reconnect_backoff_ms': 20,
  'grpc.max_reconnect_backoff_ms': 250,
}

function metadataOf(options: CallOptions | undefined): Metadata {
  return options?.metadata ?? new Metadata()
}

function grpcOptions(options: CallOptions | undefined): GrpcCallOptions {
  return options?.timeoutMs === undefined ? {} : { deadline: systemClock.now() + options.timeoutMs }
}

function abortable<
  Call extends { cancel(): void; once(event: string, listener: () => void): unknown },
>(call: Call, options: CallOptions | undefined): Call {
  const signal = options?.signal
  if (!signal) return call
  const cancel = (): void => call.cancel()
  if (signal.aborted) cancel()
  else {
    signal.addEventListener('abort', cancel, { once: true })
    call.once('status', () => signal.removeEventListener('abort', cancel))
  }
  return call
}
