import { Agent, request } from 'node:https'
import { createSecureContext } from 'node:tls'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { LookupFunction } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { StatusError, statusError } from '@kemu/api'
import type { KubeList, KubeObject, Status } from '@kemu/api'
import type { Clock, ResolveName } from '@kemu/base'
import { splitLines } from './json-lines.ts'
import { deleteBody, listQuery, queryString, urlPath, watchQuery, writeQuery } from './rest-path.ts'
import { limitSilence } from './silence-limit.ts'
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

export interface RestConfig {
  /** https://host:port */
  readonly server: string
  readonly ca: Buffer | string
  readonly cert?: Buffer | string
  readonly key?: Buffer | string
  /** Asked for at each request, so that a rotated token is used at once. */
  readonly token?: () => string
  readonly userAgent: string
  readonly resolve: ResolveName
  readonly clock: Clock
  /** Time for a new connection to stand, TLS included; 30 s if left out, like client-go's dialer. */
  readonly connectTimeoutMs?: number
  /** How long the server may say nothing to a call, or to a watch that asks for bookmarks; 90 s if left out. */
  readonly silenceMs?: number
}

const defaultConnectTimeoutMs = 30_000
/** A watch may be silent for long, and its peer go without a word (client-go's dialer). */
const keepAliveMs = 30_000
/**
 * A server ends its calls itself after a minute (--request-timeout), and tells a watch its place each minute
 * (bookmarkFrequency): one that says nothing for half a minute more is not there.
 */
const defaultSilenceMs = 90_000

interface Watching {
  readonly signal: AbortSignal
  /** Without bookmarks a watch may have nothing to tell for as long as it lives. */
  readonly mayBeSilent: boolean
}

const patchContentTypes: Record<PatchType, string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

/**
 * Thirty calls at once, as `kemu up` makes, shall not mean thirty handshakes: each costs both sides more than the
 * call.
 */
const callConnectionsMax = 4

/** The Kubernetes REST API over HTTPS with kept-alive connections; speaks to ours and to a real kube-apiserver. */
export class RestTransport implements Transport {
  readonly #config: RestConfig
  readonly #server: URL
  /** A watch holds its connection as long as it lives; calls share a few. */
  readonly #calls: Agent
  readonly #watches: Agent

  constructor(config: RestConfig) {
    this.#config = config
    this.#server = new URL(config.server)
    const options = {
      keepAlive: true,
      // Made once: reading keys and certificates costs more than a handshake.
      secureContext: createSecureContext({ ca: config.ca, cert: config.cert, key: config.key }),
      lookup: lookupWith(config.resolve),
    }
    this.#calls = new Agent({ ...options, maxSockets: callConnectionsMax })
    this.#watches = new Agent(options)
  }

  get(path: ResourcePath, resourceVersion?: string): Promise<KubeObject> {
    return this.#call('GET', urlPath(path) + queryString([['resourceVersion', resourceVersion]]))
  }

  async list(path: ResourcePath, options: ListOptions = {}): Promise<KubeList<KubeObject>> {
    const list = await this.#call<KubeList<KubeObject>>(
      'GET',
      urlPath(path) + queryString(listQuery(options)),
    )
    // Items of a list carry no type of their own on the wire; readers want whole objects.
    const kind = list.kind.replace(/List$/, '')
    list.items = (list.items ?? []).map((item) => ({ ...item, apiVersion: list.apiVersion, kind }))
    return list
  }

  async *watch(
    path: ResourcePath,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent[]> {
    const response = await this.#open(
      'GET',
      urlPath(path) + queryString(watchQuery(options)),
      undefined,
      {},
      { signal, mayBeSilent: options.allowBookmarks !== true },
    )
    if (response.statusCode !== 200) throw await refusal(response)
    try {
      for await (const lines of splitLines(response)) yield lines.map(parseWatchEvent)
    } catch (error) {
      if (signal.aborted) return
      throw error instanceof StatusError ? error : connectionError(error)
    } finally {
      response.destroy()
    }
  }

  create(path: ResourcePath, object: object, options: WriteOptions = {}): Promise<KubeObject> {
    return this.#call('POST', urlPath(path) + queryString(writeQuery(options)), object)
  }

  update(path: ResourcePath, object: object, options: WriteOptions = {}): Promise<KubeObject> {
    return this.#call('PUT', urlPath(path) + queryString(writeQuery(options)), object)
  }

  patch(
    path: ResourcePath,
    type: PatchType,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<KubeObject> {
    return this.#call('PATCH', urlPath(path) + queryString(writeQuery(options)), patch, {
      'content-type': patchContentTypes[type],
    })
  }

  delete(path: ResourcePath, options: DeleteOptions = {}): Promise<KubeObject> {
    return this.#call('DELETE', urlPath(path), deleteBody(options))
  }

  async deleteCollection(
    path: ResourcePath,
    list: ListOptions,
    options: DeleteOptions = {},
  ): Promise<void> {
    await this.#call('DELETE', urlPath(path) + queryString(listQuery(list)), deleteBody(options))
  }

  close(): void {
    this.#calls.destroy()
    this.#watches.destroy()
  }

  /** One exchange; for paths outside the resource grammar (/version, /healthz, /api). */
  async raw(method: string, path: string, body?: unknown): Promise<{ code: number; text: string }> {
    const response = await this.#open(method, path, body)
    return { code: response.statusCode ?? 0, text: await readAll(response) }
  }

  async #call<T = KubeObject>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const response = await this.#open(method, path, body, headers)
    if ((response.statusCode ?? 0) >= 400) throw await refusal(response)
    return JSON.parse(await readAll(response)) as T
  }

  #open(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    watching?: Watching,
  ): Promise<IncomingMessage> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    return new Promise((resolve, reject) => {
      const outgoing: ClientRequest = request(
        {
          host: this.#server.hostname,
          port: this.#server.port || 443,
          agent: watching ? this.#watches : this.#calls,
          method,
          path,
          signal: watching?.signal,
          headers: { ...this.#headers(payload), ...headers },
        },
        resolve,
      )
      outgoing.once('socket', (socket) => this.#limitConnecting(outgoing, socket as TLSSocket))
      const { clock, silenceMs = defaultSilenceMs } = this.#config
      if (watching?.mayBeSilent !== true) limitSilence(outgoing, clock, silenceMs)
      outgoing.on('error', (error) => reject(connectionError(error)))
      outgoing.end(payload)
    })
  }

  /**
   * The kernel alone would try for two minutes, and behind a service address always at the endpoint that was chosen for
   * the first packet, be it gone or not.
   */
  #limitConnecting(outgoing: ClientRequest, socket: TLSSocket): void {
    if (!socket.connecting) return
    socket.setKeepAlive(true, keepAliveMs)
    const limitMs = this.#config.connectTimeoutMs ?? defaultConnectTimeoutMs
    const tooLate = (): void => {
      const { hostname, port } = this.#server
      outgoing.destroy(new Error(`dial tcp ${hostname}:${port || 443}: i/o timeout`))
    }
    const timer = this.#config.clock.setTimer(limitMs, tooLate)
    socket.once('secureConnect', () => timer.cancel())
    socket.once('close', () => timer.cancel())
  }

  #headers(payload: Buffer | undefined): Record<string, string | number> {
    const token = this.#config.token?.()
    return {
      accept: 'application/json',
      'user-agent': this.#config.userAgent,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
    }
  }
}

function parseWatchEvent(line: string): WatchEvent {
  const event = JSON.parse(line) as { type: string; object: KubeObject & Status }
  if (event.type === 'ERROR') throw new StatusError(event.object)
  return event as unknown as WatchEvent
}

async function refusal(response: IncomingMessage): Promise<StatusError> {
  const text = await readAll(response)
  try {
    const status = JSON.parse(text) as Status
    if (status.kind === 'Status') return new StatusError(status)
  } catch {
    // Not JSON: a proxy, or a server that is not an API server. Said below with its own words.
  }
  return statusError(
    'InternalError',
    text.trim() || `HTTP ${response.statusCode}`,
    undefined,
    response.statusCode,
  )
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer)
  } catch (error) {
    throw connectionError(error)
  }
  return Buffer.concat(chunks).toString()
}

function connectionError(error: unknown): ConnectionError {
  return new ConnectionError(error instanceof Error ? error.message : String(error), {
    cause: error,
  })
}

function lookupWith(resolve: ResolveName): LookupFunction {
  return (name, options, done) => {
    resolve(name).then(
      (addresses) => {
        const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
        if (options.all) done(null, all)
        else done(null, all[0]!.address, all[0]!.family)
      },
      (error: NodeJS.ErrnoException) => done(error, '', 4),
    )
  }
}
