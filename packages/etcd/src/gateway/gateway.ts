import { StringDecoder } from 'node:string_decoder'
import { methodTypes } from '@kemu/rpc/descriptors'
import type { MethodType } from '@kemu/rpc/descriptors'
import type { GrpcServer } from '../grpc/server.ts'
import { code } from '../grpc/status.ts'
import type { HttpRequest, HttpResponse } from '../http/exchange.ts'
import { JsonMessageError, jsonToMessage } from './json-to-message.ts'
import { JsonValues } from './json-values.ts'
import { LocalCall } from './local-call.ts'
import { messageToJson } from './message-to-json.ts'
import { routes } from './routes.ts'

export interface GatewayDeps {
  readonly server: GrpcServer
  /** Of one message as JSON; what is longer is refused. */
  readonly bodyBytesMax: number
}

interface Status {
  readonly code: number
  readonly message: string
}

/** grpc-gateway: HTTPStatusFromCode. */
const httpStatuses: Readonly<Record<number, number>> = {
  [code.OK]: 200,
  [code.CANCELLED]: 499,
  [code.INVALID_ARGUMENT]: 400,
  [code.DEADLINE_EXCEEDED]: 504,
  [code.NOT_FOUND]: 404,
  [code.PERMISSION_DENIED]: 403,
  [code.RESOURCE_EXHAUSTED]: 429,
  [code.FAILED_PRECONDITION]: 400,
  [code.OUT_OF_RANGE]: 400,
  [code.UNIMPLEMENTED]: 501,
  [code.UNAVAILABLE]: 503,
  [code.UNAUTHENTICATED]: 401,
}
const json = { 'content-type': 'application/json' }
const answered = { ...json, 'grpc-metadata-content-type': 'application/grpc' }

/**
 * One request of etcd's JSON gateway (`POST /v3/kv/range` and so on): the body is the request of the gRPC method behind
 * the path, the answer its response. A streaming method takes one value after the other, and answers with one line
 * `{"result": ...}` for each message.
 */
export function answerJson(deps: GatewayDeps, request: HttpRequest, response: HttpResponse): void {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  const path = routes.get(pathname)
  if (path === undefined) return refuse(response, { code: code.NOT_FOUND, message: 'Not Found' })
  if (request.method !== 'POST') {
    return refuse(response, { code: code.UNIMPLEMENTED, message: 'Method Not Allowed' })
  }
  new JsonCall(deps, path, request, response).begin()
}

function refuse(response: HttpResponse, { code: status, message }: Status): void {
  if (status === code.UNAUTHENTICATED) response.setHeader('www-authenticate', message)
  const text = JSON.stringify({ code: status, message })
  response.writeHead(httpStatuses[status] ?? 500, json).end(text)
}

class JsonCall {
  readonly #deps: GatewayDeps
  readonly #path: string
  readonly #type: MethodType
  readonly #request: HttpRequest
  readonly #response: HttpResponse
  #call: LocalCall | undefined
  #answer: string | undefined
  #isOver = false
  #hasRequest = false

  constructor(deps: GatewayDeps, path: string, request: HttpRequest, response: HttpResponse) {
    this.#deps = deps
    this.#path = path
    this.#type = methodTypes[path]!
    this.#request = request
    this.#response = response
  }

  begin(): void {
    const values = new JsonValues((value) => this.#onValue(value))
    const decoder = new StringDecoder('utf8')
    this.#request.on('data', (chunk) => {
      if (this.#isOver) return
      this.#guarded(() => values.push(decoder.write(chunk)))
      if (values.restLength > this.#deps.bodyBytesMax) {
        this.#end({ code: code.RESOURCE_EXHAUSTED, message: 'http: request body too large' })
      }
    })
    this.#request.on('end', () => this.#guarded(() => this.#onBodyEnd(values.rest)))
    this.#response.on('close', () => this.#onClose())
    this.#response.on('drain', () => this.#call?.drained())
  }

  #onValue(value: unknown): void {
    // A unary method takes the first value; etcd does not look at what comes behind.
    if (this.#hasRequest && !this.#type.requestStream) return
    this.#hasRequest = true
    this.#open().send(jsonToMessage(this.#type.request, value))
    if (!this.#type.requestStream) this.#call!.endRequest()
  }

  #onBodyEnd(rest: string): void {
    if (rest !== '') {
      this.#end({ code: code.INVALID_ARGUMENT, message: 'unexpected EOF' })
    } else if (this.#type.requestStream) this.#open().endRequest()
    else if (!this.#hasRequest) this.#onValue({})
  }

  #open(): LocalCall {
    const { authorization } = this.#request.headers
    this.#call ??= new LocalCall(
      this.#deps.server,
      this.#path,
      typeof authorization === 'string' ? { authorization } : {},
      {
        onMessage: (bytes) => this.#onMessage(bytes),
        onEnd: (status) => this.#end(status),
        backlogBytes: () => this.#response.writableLength,
      },
    )
    return this.#call
  }

  #onMessage(bytes: Buffer): void {
    const text = JSON.stringify(messageToJson(this.#type.response, bytes))
    if (!this.#type.responseStream) {
      this.#answer = text
      return
    }
    if (!this.#response.headersSent) this.#response.writeHead(200, answered)
    this.#response.write(`{"result":${text}}\n`)
  }

  #end(status: Status): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#type.responseStream) this.#endStream(status)
    else if (status.code === code.OK) this.#response.writeHead(200, answered).end(this.#answer)
    else refuse(this.#response, status)
  }

  #endStream(status: Status): void {
    if (!this.#response.headersSent) {
      this.#response.writeHead(httpStatuses[status.code] ?? 500, answered)
    }
    const error = { code: status.code, message: status.message }
    this.#response.end(status.code === code.OK ? '' : `${JSON.stringify({ error })}\n`)
  }

  #onClose(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#call?.abort()
  }

  /** What a client has written wrongly is its error, and ends the call. */
  #guarded(action: () => void): void {
    if (this.#isOver) return
    try {
      action()
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof JsonMessageError)) throw error
      const status = { code: code.INVALID_ARGUMENT, message: error.message }
      this.#end(status)
      this.#call?.abort()
    }
  }
}
