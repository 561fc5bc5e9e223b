import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { Duplex } from 'node:stream'
import type { MetricsRegistry } from '@kemu/base'
import type { Clock, Logger } from '@kemu/base'
import { criErrorText, isCriNotFound } from '../cri/cri-error.ts'
import type { Cri } from '../cri/cri.ts'
import type { Kubelet } from '../kubelet.ts'
import { ContainerRoutes } from './container-routes.ts'
import type { DelegatedAuth, User } from './delegated-auth.ts'
import { HttpError } from './http-error.ts'
import { NodeRoutes } from './node-routes.ts'
import { requestAttributes } from './request-attributes.ts'

export interface KubeletServerDeps {
  readonly kubelet: Kubelet
  readonly cri: Cri
  readonly clock: Clock
  readonly logger: Logger
  readonly auth: DelegatedAuth
  readonly metrics: MetricsRegistry
  /** The host's /var/log. */
  readonly systemLogsDir: string
}

export interface ServingFiles {
  readonly cert: string
  readonly key: string
  /** Who signs the certificates of callers. */
  readonly clientCa: string | undefined
}

/** The kubelet's own API: what API servers and monitoring ask of a node. */
export class KubeletServer {
  readonly #deps: KubeletServerDeps
  readonly #containers: ContainerRoutes
  readonly #node: NodeRoutes
  #server: Server | undefined

  constructor(deps: KubeletServerDeps) {
    this.#deps = deps
    this.#containers = new ContainerRoutes(deps)
    this.#node = new NodeRoutes(deps)
  }

  listen(address: string, port: number, tls: ServingFiles): Promise<number> {
    const { cert, key, clientCa } = tls
    const server = createServer(
      {
        cert,
        key,
        requestCert: true,
        rejectUnauthorized: false,
        ...(clientCa !== undefined && { ca: clientCa }),
      },
      (request, response) => void this.#answer(request, response),
    )
    server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head))
    server.on('tlsClientError', () => undefined)
    this.#server = server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: address, port }, () => {
        const bound = server.address()
        resolve(typeof bound === 'object' && bound ? bound.port : port)
      })
    })
  }

  /** A renewed serving certificate; open connections keep the old one. */
  renew({ cert, key, clientCa }: ServingFiles): void {
    this.#server?.setSecureContext({ cert, key, ...(clientCa !== undefined && { ca: clientCa }) })
  }

  close(): Promise<void> {
    const server = this.#server
    if (!server) return Promise.resolve()
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#admit(request)
      const url = urlOf(request)
      if (await this.#node.serve(request, response, url)) return
      if (await this.#containers.serve(request, response, url)) return
      throw new HttpError(404, '404 page not found\n')
    } catch (error) {
      const { code, message } = refusal(error)
      if (code === 500)
        this.#deps.logger.warn('Request failed', { path: request.url, err: error as Error })
      if (response.headersSent) response.destroy()
      else {
        response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' })
        response.end(message)
      }
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy())
    // Nobody pays for streams who does not use them.
    const { refuseUpgrade, relayUpgrade } = await import('@kemu/streaming')
    try {
      await this.#admit(request)
      const url = await this.#containers.streamTarget(urlOf(request))
      await relayUpgrade(request, socket, head, { url })
    } catch (error) {
      const { code, message } = refusal(error)
      refuseUpgrade(socket, code, message)
    }
  }

  async #admit(request: IncomingMessage): Promise<void> {
    const { auth } = this.#deps
    const { pathname } = urlOf(request)
    const user = await auth.authenticate(request)
    if (!user) throw new HttpError(401, 'Unauthorized')
    const { verb, subresources } = requestAttributes(request.method ?? '', pathname)
    for (const subresource of subresources)
      if (await this.#isAllowed(user, verb, subresource)) return
    throw new HttpError(
      403,
      `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n`,
    )
  }

  async #isAllowed(user: User, verb: string, subresource: string): Promise<boolean> {
    try {
      return await this.#deps.auth.isAllowed(user, verb, subresource)
    } catch (error) {
      this.#deps.logger.warn('Authorization error', { user: user.name, err: error as Error })
      throw new HttpError(
        500,
        `Authorization error (user=${user.name}, verb=${verb}, resource=nodes, subresource=${subresource})`,
      )
    }
  }
}

function urlOf(request: IncomingMessage): URL {
  return new URL(request.url ?? '/', 'https://kubelet')
}

function refusal(error: unknown): { code: number; message: string } {
  if (error instanceof HttpError) return { code: error.code, message: error.message }
  return { code: isCriNotFound(error) ? 404 : 500, message: criErrorText(error) }
}
