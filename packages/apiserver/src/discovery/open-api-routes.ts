import { statusError } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { OpenApi, OpenApiDocument } from '@kemu/api/openapi'
import type { PlainRoute } from '../plain-router.ts'
import type { PlainRequest } from '../request/api-request.ts'
import type { ApiResponse } from '../request/api-response.ts'
import { serverVersion } from './version.ts'

/**
 * /openapi/v2 and /openapi/v3: what kubectl checks and explains objects by. Made when first asked
 * for.
 */
export function openApiRoutes(kinds: readonly KindDefinition[]): PlainRoute[] {
  let made: Promise<OpenApi> | undefined
  const release = `${serverVersion.major}.${serverVersion.minor}`
  const openApi = (): Promise<OpenApi> => {
    made ??= import('@kemu/api/openapi').then(({ OpenApi }) => new OpenApi(kinds, release))
    return made
  }
  return [
    { prefix: '/openapi/v3', answer: async (request) => answerV3(await openApi(), request) },
    { prefix: '/openapi/v2', answer: async (request) => answerV2(await openApi(), request) },
  ]
}

/** The type by which clients ask for protobuf. */
const v2Protobuf = 'proto-openapi.spec.v2'

function answerV2(openApi: OpenApi, request: PlainRequest): ApiResponse | undefined {
  if (request.path !== '/openapi/v2') return undefined
  const wanted = request.accept.split(',').find((clause) => isKnown(clause))
  const isProtobuf = wanted?.includes(v2Protobuf) ?? false
  return document(isProtobuf ? openApi.v2Protobuf() : openApi.v2(), request)
}

function isKnown(clause: string): boolean {
  return clause.includes(v2Protobuf) || /application\/json|\*\/\*|application\/\*/.test(clause)
}

function answerV3(openApi: OpenApi, request: PlainRequest): ApiResponse | undefined {
  if (request.path === '/openapi/v3' || request.path === '/openapi/v3/') {
    return document(openApi.index(), request)
  }
  const path = request.path.slice('/openapi/v3/'.length)
  const hash = openApi.v3Hash(path)
  if (hash === undefined) return undefined
  if (!/json|\*/.test(request.accept) && request.accept !== '') {
    throw statusError(
      'NotAcceptable',
      'only the following media types are accepted: application/json',
    )
  }
  const asked = request.query.get('hash') ?? ''
  if (asked !== '' && asked !== hash) return redirect(`${request.path}?hash=${hash}`)
  return document(openApi.v3(path)!, request, asked === hash)
}

/** A document asked for by its hash never changes. */
function document(
  { bytes, contentType, hash }: OpenApiDocument,
  { etag }: PlainRequest,
  isImmutable = false,
): ApiResponse {
  const own = `"${hash}"`
  const headers = {
    ETag: own,
    Vary: 'Accept',
    ...(isImmutable && { 'Cache-Control': 'public, immutable' }),
  }
  if (etag === own) {
    return { form: 'bytes', code: 304, contentType, headers, body: Buffer.alloc(0) }
  }
  return { form: 'bytes', code: 200, contentType, headers, body: bytes }
}

function redirect(location: string): ApiResponse {
  return {
    form: 'bytes',
    code: 301,
    contentType: 'text/html; charset=utf-8',
    headers: { Location: location },
    body: Buffer.alloc(0),
  }
}
