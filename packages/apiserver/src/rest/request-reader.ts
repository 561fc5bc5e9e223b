import type { IncomingMessage } from 'node:http'
import { statusError } from '@kemu/api'
import type {
  ApiRequest,
  Body,
  Operation,
  PatchType,
  ResourcePath,
} from '../request/api-request.ts'
import { bodyMediaTypes, decodeDeleteOptions } from '../registry/body-decoder.ts'
import { methodNotAllowed } from '../registry/resource-handler.ts'
import type { DeleteOptions } from '../request/options.ts'
import { parsePath } from './request-info.ts'
import {
  boolean,
  deleteOptionsOf,
  listOptionsOf,
  watchOptionsOf,
  writeOptionsOf,
} from './query-options.ts'

/** --max-resource-write-bytes upstream: 3 MiB. */
const maxBodyBytes = 3 * 1024 * 1024

/** Subresources that are conversations. */
const connectSubresources = new Set(['log', 'exec', 'attach', 'portforward', 'proxy'])

/** What an HTTP request asks for. Reads its body where the verb has one. */
export async function readRequest(message: IncomingMessage, url: URL): Promise<ApiRequest> {
  const method = message.method ?? 'GET'
  const query = url.searchParams
  const info = parsePath(url.pathname)
  if (!info.isResource) {
    return {
      type: 'plain',
      verb: method.toLowerCase(),
      path: url.pathname,
      query,
      accept: message.headers.accept ?? '',
      etag: message.headers['if-none-match'] ?? '',
    }
  }
  const { path, rest, isWatchPath } = info
  if (connectSubresources.has(path.subresource)) {
    const isUpgrade = message.headers.upgrade !== undefined
    return { type: 'connect', path, verb: connectVerb(method), method, rest, query, isUpgrade }
  }
  if (rest !== '') {
    throw statusError('NotFound', 'the server could not find the requested resource', {})
  }
  const operation = await readOperation(message, method, path, query, isWatchPath)
  return { type: 'resource', path, operation }
}

async function readOperation(
  message: IncomingMessage,
  method: string,
  path: ResourcePath,
  query: URLSearchParams,
  isWatchPath: boolean,
): Promise<Operation> {
  const onObject = path.name !== ''
  if (isWatchPath && method !== 'GET') throw methodNotAllowed()
  switch (method) {
    case 'GET':
      // A path with a name is a get, whatever the query says.
      if (isWatchPath || (!onObject && boolean(query, 'watch'))) {
        return { verb: 'watch', options: watchOptionsOf(query) }
      }
      if (onObject) return { verb: 'get', resourceVersion: query.get('resourceVersion') ?? '' }
      return { verb: 'list', options: listOptionsOf(query) }
    case 'POST':
      if (onObject && path.subresource === '') throw methodNotAllowed()
      return { verb: 'create', body: await readBody(message), options: writeOptionsOf(query) }
    case 'PUT':
      if (!onObject) throw methodNotAllowed()
      return { verb: 'update', body: await readBody(message), options: writeOptionsOf(query) }
    case 'PATCH':
      if (!onObject) throw methodNotAllowed()
      return readPatch(message, query)
    case 'DELETE': {
      const options = await readDeleteOptions(message, query)
      if (onObject) return { verb: 'delete', options }
      return { verb: 'deletecollection', list: listOptionsOf(query), options }
    }
    default:
      throw methodNotAllowed()
  }
}

const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
}

async function readPatch(message: IncomingMessage, query: URLSearchParams): Promise<Operation> {
  const contentType = mediaTypeOf(message)
  const type = patchTypes[contentType]
  if (!type) {
    throw statusError('UnsupportedMediaType', '415: Unsupported Media Type', {})
  }
  return {
    verb: 'patch',
    type,
    body: await readBody(message),
    force: boolean(query, 'force') ?? false,
    options: writeOptionsOf(query),
  }
}

async function readDeleteOptions(
  message: IncomingMessage,
  query: URLSearchParams,
): Promise<DeleteOptions> {
  const body = await readBody(message)
  if (body.bytes.length === 0) return deleteOptionsOf(query)
  if (body.contentType !== '' && !bodyMediaTypes.some((type) => type === body.contentType)) {
    throw statusError(
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${bodyMediaTypes.join(', ')}`,
    )
  }
  return decodeDeleteOptions(body)
}

async function readBody(message: IncomingMessage): Promise<Body> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of message as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > maxBodyBytes) {
      throw statusError(
        'RequestEntityTooLarge',
        `Request entity too large: limit is ${maxBodyBytes}`,
      )
    }
    pieces.push(piece)
  }
  return { bytes: Buffer.concat(pieces), contentType: mediaTypeOf(message) }
}

function mediaTypeOf(message: IncomingMessage): string {
  return (message.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
}

/** HTTP methods as authorization verbs, for conversations (RequestInfo's mapping). */
function connectVerb(method: string): string {
  const verbs: Readonly<Record<string, string>> = {
    POST: 'create',
    GET: 'get',
    HEAD: 'get',
    PUT: 'update',
    PATCH: 'patch',
    DELETE: 'delete',
  }
  return verbs[method] ?? ''
}
