import { readFileSync } from 'node:fs'
import { createServer as createHttpsServer } from 'node:https'
import type { Server as HttpsServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Clock, Logger } from '@kemu/base'
import { certificateLifetimeMs, CertificateAuthority } from '@kemu/pki'
import type { Identity } from '@kemu/pki'
import type { Access, Verdict } from './delegated-access.ts'

export interface ComponentServerConfig {
  readonly bindAddress: string
  /** 0 takes a free port; undefined in the caller means: do not serve. */
  readonly port: number
  /** Both or none; with none a self-signed certificate is made at the first connection, as upstream does at start. */
  readonly tlsCertFile?: string
  readonly tlsPrivateKeyFile?: string
}

/** Answers one path; a thrown error is a 500 with its message. */
export type Page = () => string | Promise<string>

/** A check of `/healthz`, `/livez` or `/readyz`: undefined is healthy, a text tells what is wrong. */
export type HealthCheck = () => string | undefined

export interface ComponentServerDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly access: Access
  readonly pages: Readonly<Record<string, Page>>
  readonly checks?: Readonly<Record<string, HealthCheck>>
}

/**
 * The secure port of a control-plane component: health for everybody, the rest for whom the API server vouches for
 * (upstream: apiserver/pkg/server with delegated authentication and authorization).
 */
export class ComponentServer {
  readonly #config: ComponentServerConfig
  readonly #deps: ComponentServerDeps
  readonly #listener: Server
  readonly #sockets = new Set<Socket>()
  #https: Promise<HttpsServer> | undefined

  constructor(config: ComponentServerConfig, deps: ComponentServerDeps) {
    this.#config = config
    this.#deps = deps
    // Making a certificate loads the X.509 library; a component that nobody asks yet need not pay for it at start.
    this.#listener = createServer((socket) => this.#accept(socket))
  }

  /** Resolves with the port when connections are accepted. */
  listen(): Promise<number> {
    const { bindAddress, port } = this.#config
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject)
      this.#listener.listen(port, bindAddress, () => {
        const address = this.#listener.address()
        resolve(typeof address === 'object' && address ? address.port : port)
      })
    })
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    this.#https ??= this.#openHttps()
    this.#https.then(
      (server) => server.emit('connection', socket),
      (error: unknown) => {
        this.#deps.logger.error('Cannot serve the secure port', { err: error as Error })
        this.#https = undefined
        socket.destroy()
      },
    )
  }

  async #openHttps(): Promise<HttpsServer> {
    const [{ certificate, privateKey }, authorities] = await Promise.all([
      this.#identity(),
      this.#deps.access.authorities(),
    ])
    return createHttpsServer(
      {
        cert: certificate,
        key: privateKey,
        requestCert: authorities.length > 0,
        rejectUnauthorized: false,
        ...(authorities.length > 0 && { ca: [...authorities] }),
      },
      (request, response) => void this.#answer(request, response),
    )
  }

  async #identity(): Promise<Identity> {
    const { tlsCertFile, tlsPrivateKeyFile } = this.#config
    if (tlsCertFile !== undefined && tlsPrivateKeyFile !== undefined) {
      return {
        certificate: readFileSync(tlsCertFile, 'utf8'),
        privateKey: readFileSync(tlsPrivateKeyFile, 'utf8'),
      }
    }
    const nowMs = this.#deps.clock.now()
    const authority = await CertificateAuthority.create('localhost-ca', nowMs)
    return authority.issue({
      commonName: 'localhost',
      usages: ['server auth'],
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      notBeforeMs: nowMs - 3_600_000,
      notAfterMs: nowMs + certificateLifetimeMs,
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'https://component')
      const verdict = await this.#verdict(request, pathname)
      if (verdict.kind !== 'allowed') return refuse(response, verdict)
      if (/^\/(healthz|livez|readyz)(\/|$)/.test(pathname))
        return this.#health(response, pathname, searchParams.has('verbose'))
      const page = this.#deps.pages[pathname]
      if (!page) return send(response, 404, '404 page not found\n')
      send(response, 200, await page())
    } catch (error) {
      this.#deps.logger.warn('Request failed', { path: request.url, err: error as Error })
      send(response, 500, `${(error as Error).message}\n`)
    }
  }

  async #verdict(request: IncomingMessage, path: string): Promise<Verdict> {
    const socket = request.socket as TLSSocket
    const certificate = socket.authorized ? socket.getPeerCertificate()?.raw : undefined
    return this.#deps.access.decide({
      certificate,
      headers: request.headers,
      path,
      verb: (request.method ?? 'GET').toLowerCase(),
    })
  }

  #health(response: ServerResponse, path: string, verbose: boolean): void {
    const [, kind = '', only] = path.split('/')
    const all = Object.entries<HealthCheck>({ ping: () => undefined, ...this.#deps.checks })
    const checks = only === undefined ? all : all.filter(([name]) => name === only)
    if (checks.length === 0) return send(response, 404, '404 page not found\n')
    const results = checks.map(([name, check]) => [name, check()] as const)
    const failed = results.some(([, problem]) => problem !== undefined)
    const lines = results.map(([name, problem]) =>
      problem === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${problem}\n`,
    )
    if (failed) return send(response, 500, `${lines.join('')}${kind} check failed\n`)
    send(response, 200, verbose ? `${lines.join('')}${kind} check passed\n` : 'ok')
  }
}

function refuse(response: ServerResponse, verdict: Exclude<Verdict, { kind: 'allowed' }>): void {
  if (verdict.kind === 'unauthenticated') send(response, 401, 'Unauthorized\n')
  else send(response, 403, `${verdict.message}\n`)
}

function send(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
  })
  response.end(text)
}
