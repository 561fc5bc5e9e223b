import type { X509Certificate } from 'node:crypto'
import { badRequest, isStatusError } from '@kemu/api'
import type { Status } from '@kemu/api'
import type { Clock, Logger } from '@kemu/base'
import { binaryValue, RpcError, status } from '@kemu/rpc'
import type { Call, Handlers, Message, StreamingCall } from '@kemu/rpc'
import type {
  ListOptions as ListOptionsMessage,
  ListRequest,
  ListResponse,
  ObjectResponse,
  PatchRequestType,
  ResourcePath as ResourcePathMessage,
  ResourcesMethods,
  WatchEvent,
  WatchRequest,
  WatchResponse,
  WriteOptions as WriteOptionsMessage,
} from '@kemu/rpc/resources'
import { StoredObject } from '../cache/stored-object.ts'
import type { WatchItem } from '../cache/watcher.ts'
import type { AnswerObject, ApiResponse } from '../request/api-response.ts'
import type {
  Body,
  Operation,
  PatchType,
  RequestContext,
  ResourcePath,
} from '../request/api-request.ts'
import type { DeleteOptions, ListOptions, WriteOptions } from '../request/options.ts'
import { emptyListOptions, emptyWriteOptions } from '../request/options.ts'
import { statusOf } from '../request/status-of.ts'
import { anonymousUser } from '../request/user-info.ts'
import { PageNotFound } from '../registry/page-not-found.ts'
import { decodeDeleteOptions } from '../registry/body-decoder.ts'
import { readiness } from '../rest/response-writer.ts'
import { bookmarkMetadata } from '../rest/watch-encoding.ts'
import { callerOf } from './grpc-caller.ts'

export interface GrpcFrontDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly frontProxyAuthority: X509Certificate | undefined
  /** The list of stages: the same that REST enters. */
  handle(context: RequestContext): Promise<ApiResponse>
}

/** Trailing metadata of a refused call (proto/kemu/resources.proto). */
const statusKey = 'kemu-status-bin'
/** Objects of one piece of a list, and events of one message. */
const batchSize = 500

/** The handlers of kemu.api.v1.Resources. */
export function resourceHandlers(deps: GrpcFrontDeps): Handlers<ResourcesMethods> {
  const front = new GrpcFront(deps)
  return {
    Get: ({ path, resourceVersion }, call) =>
      front.object(call, path, { verb: 'get', resourceVersion }),
    Create: ({ path, object, options }, call) =>
      front.object(call, path, {
        verb: 'create',
        body: jsonBody(object),
        options: writeOptionsOf(options),
      }),
    Update: ({ path, object, options }, call) =>
      front.object(call, path, {
        verb: 'update',
        body: jsonBody(object),
        options: writeOptionsOf(options),
      }),
    Patch: ({ path, type, patch, options, force }, call) =>
      front.object(call, path, {
        verb: 'patch',
        type: patchTypeOf(type),
        body: jsonBody(patch),
        force,
        options: writeOptionsOf(options),
      }),
    Delete: ({ path, options }, call) =>
      front.object(call, path, async () => ({
        verb: 'delete',
        options: await deleteOptionsOf(options),
      })),
    DeleteCollection: ({ path, listOptions, options }, call) =>
      front.object(call, path, async () => ({
        verb: 'deletecollection',
        list: listOptionsOf(listOptions),
        options: await deleteOptionsOf(options),
      })),
    List: (request, call) => front.list(request, call),
    Watch: (request, call) => front.watch(request, call),
  }
}

class GrpcFront {
  readonly #deps: GrpcFrontDeps

  constructor(deps: GrpcFrontDeps) {
    this.#deps = deps
  }

  async object(
    call: Call,
    path: ResourcePathMessage | null | undefined,
    operation: Operation | (() => Promise<Operation>),
  ): Promise<Message<ObjectResponse>> {
    const warnings: string[] = []
    try {
      const made = typeof operation === 'function' ? await operation() : operation
      return objectResponse(await this.#handle(call, path, made, warnings), warnings)
    } catch (error) {
      throw this.#refusal(error)
    }
  }

  async list({ path, options }: ListRequest, call: StreamingCall<ListResponse>): Promise<void> {
    try {
      const operation = { verb: 'list' as const, options: listOptionsOf(options) }
      const answer = await this.#handle(call, path, operation, [])
      if (answer.form !== 'list') throw badRequest('this resource gives no list')
      const { page } = answer
      for (let i = 0; i === 0 || i < page.items.length; i += batchSize) {
        const last = i + batchSize >= page.items.length
        const piece: Message<ListResponse> = {
          items: page.items.slice(i, i + batchSize).map(({ json }) => json),
          last,
          ...(last && {
            resourceVersion: page.resourceVersion,
            continue: page.continue,
            remainingItemCount: String(page.remainingItemCount ?? 0),
          }),
        }
        if (!call.write(piece)) await call.drained()
        if (call.isCancelled) return
      }
      call.end()
    } catch (error) {
      throw this.#refusal(error)
    }
  }

  async watch(request: WatchRequest, call: StreamingCall<WatchResponse>): Promise<void> {
    const { path, options, allowBookmarks, sendInitialEvents, timeoutSeconds } = request
    try {
      const list = listOptionsOf(options)
      const operation: Operation = {
        verb: 'watch',
        options: {
          ...list,
          // The field has no absent state on the wire; false is what an old client means too.
          sendInitialEvents: sendInitialEvents || undefined,
          resourceVersionMatch:
            list.resourceVersionMatch || (sendInitialEvents ? 'NotOlderThan' : ''),
          allowBookmarks,
          timeoutSeconds: Number(timeoutSeconds),
        },
      }
      const answer = await this.#handle(call, path, operation, [])
      if (answer.form !== 'watch') throw badRequest('this resource gives no watch')
      await this.#pump(call, answer)
    } catch (error) {
      throw this.#refusal(error)
    }
  }

  async #pump(
    call: StreamingCall<WatchResponse>,
    { watcher, entry, timeoutMs }: Extract<ApiResponse, { form: 'watch' }>,
  ): Promise<void> {
    const timer = this.#deps.clock.setTimer(timeoutMs, () => watcher.end())
    call.onCancelled(() => watcher.close())
    // Headers tell the client that the watch stands, before there is anything to say.
    call.sendHeaders()
    try {
      while (!call.isCancelled) {
        const items = watcher.take(batchSize)
        if (items.length > 0) {
          const events = items.map((item) => watchEvent(item, entry.definition.type))
          if (!call.write({ events })) await call.drained()
        } else if (watcher.ended) break
        else await readiness(watcher)
      }
    } finally {
      timer.cancel()
      watcher.close()
      call.end()
    }
  }

  #handle(
    call: Call,
    path: ResourcePathMessage | null | undefined,
    operation: Operation,
    warnings: string[],
  ): Promise<ApiResponse> {
    return this.#deps.handle({
      request: { type: 'resource', path: pathOf(path), operation },
      caller: callerOf(call, this.#deps.frontProxyAuthority),
      user: anonymousUser,
      warnings,
      setHeader: () => undefined,
    })
  }

  #refusal(error: unknown): RpcError {
    if (error instanceof RpcError) return error
    const known = isStatusError(error) || error instanceof PageNotFound
    if (!known) this.#deps.logger.error('Call failed', { err: error })
    const told = statusOf(error)
    const metadata = { [statusKey]: binaryValue(Buffer.from(JSON.stringify(told))) }
    return new RpcError(grpcCodeOf(told), told.message ?? '', metadata)
  }
}

function objectResponse(answer: ApiResponse, warnings: string[]): Message<ObjectResponse> {
  switch (answer.form) {
    case 'object':
      return { object: bytesOf(answer.object), code: answer.code, warnings }
    case 'status':
      return { object: Buffer.from(JSON.stringify(answer.status)), code: answer.code, warnings }
    case 'list':
      return {
        object: Buffer.from('{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"}'),
        code: 200,
        warnings,
      }
    default:
      throw badRequest('this answer has no form in gRPC')
  }
}

function bytesOf(object: AnswerObject): Buffer {
  return object instanceof StoredObject ? object.json : Buffer.from(JSON.stringify(object))
}

function watchEvent(
  item: WatchItem,
  type: { group: string; version: string; kind: string },
): Message<WatchEvent> {
  switch (item.type) {
    case 'BOOKMARK': {
      const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`
      const metadata = bookmarkMetadata(item.revision, item.initialEventsEnd)
      const object = { kind: type.kind, apiVersion, metadata }
      return { type: 'BOOKMARK', object: Buffer.from(JSON.stringify(object)) }
    }
    case 'ERROR':
      return { type: 'ERROR', object: Buffer.from(JSON.stringify(item.error.status)) }
    default:
      return { type: item.type, object: item.object.json }
  }
}

function pathOf(path: ResourcePathMessage | null | undefined): ResourcePath {
  if (!path) throw badRequest('a path is required')
  return path
}

function jsonBody(bytes: Buffer): Body {
  return { bytes, contentType: 'application/json' }
}

function listOptionsOf(options: ListOptionsMessage | null | undefined): ListOptions {
  return options
    ? { ...emptyListOptions, ...options, limit: Number(options.limit) }
    : emptyListOptions
}

function writeOptionsOf(options: WriteOptionsMessage | null | undefined): WriteOptions {
  return options ?? emptyWriteOptions
}

function deleteOptionsOf(bytes: Buffer): Promise<DeleteOptions> {
  return decodeDeleteOptions(jsonBody(bytes))
}

const patchTypes: Readonly<Record<Exclude<PatchRequestType, 'UNKNOWN'>, PatchType>> = {
  JSON: 'json',
  MERGE: 'merge',
  STRATEGIC_MERGE: 'strategic',
  APPLY: 'apply',
}

function patchTypeOf(type: PatchRequestType): PatchType {
  if (type === 'UNKNOWN') throw badRequest('a patch type is required')
  return patchTypes[type]
}

const codes: Readonly<Record<number, number>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  405: status.UNIMPLEMENTED,
  409: status.ABORTED,
  410: status.OUT_OF_RANGE,
  413: status.RESOURCE_EXHAUSTED,
  415: status.INVALID_ARGUMENT,
  422: status.INVALID_ARGUMENT,
  429: status.RESOURCE_EXHAUSTED,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
}

function grpcCodeOf({ code = 500, reason }: Status): number {
  if (reason === 'AlreadyExists') return status.ALREADY_EXISTS
  return codes[code] ?? status.INTERNAL
}
