import { StatusError } from '@kemu/api'
import type { KubeList, KubeObject, Status } from '@kemu/api'
import { bytesOf, RpcChannel, toRpcError } from '@kemu/rpc'
import type { CallOptions, ClientTls, Message, Metadata, RpcClient } from '@kemu/rpc'
import { Resources } from '@kemu/rpc/resources'
import type {
  ListOptions as ListOptionsMessage,
  PatchRequestType,
  ResourcesMethods,
  WatchEvent as WatchEventMessage,
  WriteOptions as WriteOptionsMessage,
} from '@kemu/rpc/resources'
import { deleteBody } from './rest-path.ts'
import { ConnectionError } from './transport.ts'
import type {
  DeleteOptions,
  ListOptions,
  PatchOptions,
  PatchType,
  ResourcePath,
  Transport,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './transport.ts'

export interface GrpcConfig {
  /** `host:port`, looked up by this process's own resolver. */
  readonly target: string
  readonly tls: ClientTls
  readonly token?: () => string
  readonly userAgent: string
  /** How long an answer may take (90 s); watches are not limited. */
  readonly answerMs?: number
}

/** The API server answers, or refuses, within its `--request-timeout` of 60 s: what takes longer is lost. */
const defaultAnswerMs = 90_000

/** Trailing metadata that carries the Status object of a refused call (proto/kemu/resources.proto). */
const statusKey = 'kemu-status-bin'

const patchTypes: Record<PatchType, PatchRequestType> = {
  json: 'JSON',
  merge: 'MERGE',
  strategic: 'STRATEGIC_MERGE',
  apply: 'APPLY',
}

/** The resource API over gRPC: one connection for all calls and watches of a component. */
export class GrpcTransport implements Transport {
  readonly #config: GrpcConfig
  readonly #channel: RpcChannel
  readonly #resources: RpcClient<ResourcesMethods>

  constructor(config: GrpcConfig) {
    this.#config = config
    const { tls, userAgent } = config
    this.#channel = new RpcChannel(config.target, { tls, userAgent })
    this.#resources = this.#channel.service(Resources)
  }

  get(path: ResourcePath, resourceVersion = ''): Promise<KubeObject> {
    return this.#object(this.#resources.Get({ path, resourceVersion }, this.#limited()))
  }

  async list(path: ResourcePath, options: ListOptions = {}): Promise<KubeList<KubeObject>> {
    const items: KubeObject[] = []
    const request = { path, options: listOptions(options) }
    try {
      for await (const piece of this.#resources.List(request, this.#limited())) {
        for (const item of piece.items) items.push(parse(item))
        if (!piece.last) continue
        return {
          apiVersion: path.group === '' ? path.version : `${path.group}/${path.version}`,
          kind: 'List',
          metadata: {
            resourceVersion: piece.resourceVersion,
            ...(piece.continue !== '' && { continue: piece.continue }),
            ...(piece.remainingItemCount !== '0' && {
              remainingItemCount: Number(piece.remainingItemCount),
            }),
          },
          items,
        }
      }
    } catch (error) {
      throw refusal(error)
    }
    throw new ConnectionError('the list ended before its last piece')
  }

  async *watch(
    path: ResourcePath,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent[]> {
    const request = {
      path,
      options: listOptions(options),
      allowBookmarks: options.allowBookmarks,
      sendInitialEvents: options.sendInitialEvents,
      timeoutSeconds: String(options.timeoutSeconds ?? 0),
    }
    const stream = this.#resources.Watch(request, { metadata: this.#metadata(), signal })
    try {
      for await (const { events } of stream) yield events.map(watchEvent)
    } catch (error) {
      if (!signal.aborted) throw refusal(error)
    } finally {
      stream.cancel()
    }
  }

  create(path: ResourcePath, object: object, options: WriteOptions = {}): Promise<KubeObject> {
    const request = { path, object: encode(object), options: writeOptions(options) }
    return this.#object(this.#resources.Create(request, this.#limited()))
  }

  update(path: ResourcePath, object: object, options: WriteOptions = {}): Promise<KubeObject> {
    const request = { path, object: encode(object), options: writeOptions(options) }
    return this.#object(this.#resources.Update(request, this.#limited()))
  }

  patch(
    path: ResourcePath,
    type: PatchType,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<KubeObject> {
    const request = {
      path,
      type: patchTypes[type],
      patch: encode(patch),
      options: writeOptions(options),
      force: options.force,
    }
    return this.#object(this.#resources.Patch(request, this.#limited()))
  }

  delete(path: ResourcePath, options: DeleteOptions = {}): Promise<KubeObject> {
    const request = { path, options: encode(deleteBody(options)) }
    return this.#object(this.#resources.Delete(request, this.#limited()))
  }

  async deleteCollection(
    path: ResourcePath,
    list: ListOptions,
    options: DeleteOptions = {},
  ): Promise<void> {
    const request = { path, listOptions: listOptions(list), options: encode(deleteBody(options)) }
    await this.#object(this.#resources.DeleteCollection(request, this.#limited()))
  }

  close(): void {
    this.#channel.close()
  }

  async #object(call: Promise<{ object: Buffer }>): Promise<KubeObject> {
    try {
      return parse((await call).object)
    } catch (error) {
      throw refusal(error)
    }
  }

  #limited(): CallOptions {
    const { answerMs = defaultAnswerMs } = this.#config
    return { metadata: this.#metadata(), timeoutMs: answerMs }
  }

  #metadata(): Metadata {
    const token = this.#config.token?.()
    return token === undefined ? {} : { authorization: `Bearer ${token}` }
  }
}

const encode = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const parse = (bytes: Buffer): KubeObject => JSON.parse(bytes.toString()) as KubeObject

function listOptions(options: ListOptions): Message<ListOptionsMessage> {
  return {
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch,
    limit: String(options.limit ?? 0),
    continue: options.continue,
  }
}

function writeOptions(options: WriteOptions): Message<WriteOptionsMessage> {
  return {
    dryRun: options.dryRun ? ['All'] : [],
    fieldManager: options.fieldManager,
    fieldValidation: options.fieldValidation,
  }
}

function watchEvent({ type, object }: WatchEventMessage): WatchEvent {
  const value = parse(object)
  if (type === 'ERROR') throw new StatusError(value)
  return { type, object: value } as WatchEvent
}

/** The Status inside a refused call; else the server was not reached or is none of ours. */
function refusal(error: unknown): Error {
  if (error instanceof StatusError) return error
  const rpcError = toRpcError(error)
  const status = bytesOf(rpcError.metadata, statusKey)
  if (status !== undefined) return new StatusError(JSON.parse(status.toString()) as Status)
  return new ConnectionError(rpcError.message, { cause: error })
}
