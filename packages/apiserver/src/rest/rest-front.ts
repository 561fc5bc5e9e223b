import type { X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { isStatusError } from '@kemu/api'
import type { Status } from '@kemu/api'
import { uuid } from '@kemu/base'
import type { Clock, Logger, Random } from '@kemu/base'
import type { ApiRequest, Caller, RequestContext, ResourcePath } from '../request/api-request.ts'
import type { ApiResponse, ConnectTarget } from '../request/api-response.ts'
import { PageNotFound } from '../registry/page-not-found.ts'
import { LazyAbort } from '../request/lazy-abort.ts'
import { statusOf } from '../request/status-of.ts'
import { anonymousUser } from '../request/user-info.ts'
import type { Writing } from './json-encoding.ts'
import { acceptsGzip } from './compression.ts'
import { negotiate, negotiateStatus } from './media-type.ts'
import type { Endpoint, Presentation } from './media-type.ts'
import { includeObjectOf } from './object-form.ts'
import { peerOf, unknownPeer } from './peer.ts'
import { readRequest } from './request-reader.ts'
import { ResponseWriter } from './response-writer.ts'
import type { StatusWriting } from './response-writer.ts'

/** Carries a conversation to its target. */
export interface Relay {
  relayRequest(
    target: ConnectTarget,
    message: IncomingMessage,
    response: ServerResponse,
  ): Promise<void>
  relayUpgrade(
    target: ConnectTarget,
    message: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void>
}

export interface RestFrontDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly frontProxyAuthority: X509Certificate | undefined
  readonly relay: Relay
  /** The list of stages. */
  handle(context: RequestContext): Promise<ApiResponse>
}

/** What an answer carries besides itself. */
type AnswerNotes = Pick<RequestContext, 'warnings' | 'setHeader'>

/** An upgraded connection has no place for them. */
const unheard: AnswerNotes = { warnings: [], setHeader: () => undefined }

/** The Kubernetes REST API over HTTP/1.1. */
export class RestFront {
  readonly #deps: RestFrontDeps

  constructor(deps: RestFrontDeps) {
    this.#deps = deps
  }

  async onRequest(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, random, logger } = this.#deps
    response.setHeader('Audit-Id', uuid(random))
    response.setHeader('Cache-Control', 'no-cache, private')
    const writer = new ResponseWriter(response, clock)
    const gone = new LazyAbort()
    response.on('close', () => gone.abort())
    const warnings: string[] = []
    try {
      const url = urlOf(message)
      const notes = {
        warnings,
        setHeader: (name: string, value: string) => void response.setHeader(name, value),
      }
      const { answer, presentation } = await this.#answer(message, url, gone, notes)
      if (answer.form === 'connect') {
        return await this.#deps.relay.relayRequest(answer.target, message, response)
      }
      await writer.write(answer, this.#writing(presentation, message, url), warnings)
    } catch (error) {
      if (error instanceof PageNotFound) return writer.writeText(404, error.message)
      if (!isStatusError(error)) logger.error('Request failed', { path: message.url, err: error })
      await writer.writeStatus(statusOf(error), statusWriting(message), warnings)
    }
  }

  /** A request that asks to leave HTTP behind: exec, attach, portforward, or a proxied one. */
  async onUpgrade(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const gone = new LazyAbort()
    socket.on('close', () => gone.abort())
    socket.on('error', () => socket.destroy())
    try {
      const { answer } = await this.#answer(message, urlOf(message), gone, unheard)
      if (answer.form !== 'connect') {
        return writeRawStatus(socket, {
          status: 'Failure',
          message: 'Upgrade request required',
          reason: 'BadRequest',
          code: 400,
        })
      }
      await this.#deps.relay.relayUpgrade(answer.target, message, socket, head)
    } catch (error) {
      writeRawStatus(socket, statusOf(error))
    }
  }

  async #answer(
    message: IncomingMessage,
    url: URL,
    gone: LazyAbort,
    notes: AnswerNotes,
  ): Promise<{ answer: ApiResponse; presentation: Presentation }> {
    const request = await readRequest(message, url)
    const endpoint = endpointOf(request)
    const presentation = endpoint
      ? negotiate(message.headers.accept ?? '', endpoint)
      : (negotiateStatus(message.headers.accept ?? '') ?? negotiate('', 'object'))
    const answer = await this.#deps.handle({
      request,
      caller: this.#caller(message, gone),
      user: anonymousUser,
      ...notes,
    })
    return { answer, presentation }
  }

  #caller(message: IncomingMessage, gone: LazyAbort): Caller {
    const { socket } = message
    const peer =
      socket instanceof TLSSocket ? peerOf(socket, this.#deps.frontProxyAuthority) : unknownPeer
    return {
      ...peer,
      header: (name) => message.headersDistinct[name] ?? [],
      headerNames: (prefix) =>
        Object.keys(message.headersDistinct).filter((name) => name.startsWith(prefix)),
      address: socket.remoteAddress ?? '',
      userAgent: message.headers['user-agent'] ?? '',
      get signal() {
        return gone.signal
      },
    }
  }

  #writing(presentation: Presentation, message: IncomingMessage, url: URL): Writing {
    return {
      ...presentation,
      include: presentation.as === 'table' ? includeObjectOf(url.searchParams) : 'Metadata',
      nowMs: this.#deps.clock.now(),
      pretty: isPretty(presentation, message, url),
      gzip: acceptsGzip(message.headersDistinct['accept-encoding']?.[0] ?? ''),
    }
  }
}

/** Undefined for what is no resource: those answers do not refuse by Accept, they have one form. */
function endpointOf(request: ApiRequest): Endpoint | undefined {
  if (request.type !== 'resource') return undefined
  if (isQuestion(request.path)) return 'question'
  const { verb } = request.operation
  return verb === 'list' || verb === 'watch' ? verb : 'object'
}

/** Nothing is stored of these: they have no table. */
function isQuestion({ group, subresource }: ResourcePath): boolean {
  return (
    group === 'authentication.k8s.io' || group === 'authorization.k8s.io' || subresource === 'token'
  )
}

function statusWriting(message: IncomingMessage): StatusWriting | undefined {
  const presentation = negotiateStatus(message.headers.accept ?? '')
  if (!presentation) return undefined
  const pretty = isPretty(presentation, message, urlOf(message))
  return { encoding: presentation.encoding, pretty, gzip: false }
}

/** Upstream's rule (isPrettyPrint). */
function isPretty(
  { pretty }: Presentation,
  { headers }: IncomingMessage,
  { searchParams }: URL,
): boolean {
  const asked = searchParams.get('pretty') ?? ''
  if (pretty) return true
  if (asked !== '') return /^(1|t|T|TRUE|true|True)$/.test(asked)
  return /^(curl|Wget|Mozilla\/5\.0)/.test(headers['user-agent'] ?? '')
}

function urlOf(message: IncomingMessage): URL {
  return new URL(message.url ?? '/', 'https://kubernetes')
}

function writeRawStatus(socket: Duplex, status: Status): void {
  const body = `${JSON.stringify(status)}\n`
  socket.end(
    `HTTP/1.1 ${status.code ?? 500} ${status.reason ?? 'Error'}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
