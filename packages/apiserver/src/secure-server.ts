import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import { once } from 'node:events'
import type { RestFront } from './rest/rest-front.ts'

export interface ServingFiles {
  readonly certFile: string
  readonly keyFile: string
  /** Authorities whose client certificates are believed. */
  readonly clientAuthorities: readonly string[]
}

/** The HTTPS socket of the REST front. */
export class SecureServer {
  readonly #server: Server

  constructor(files: ServingFiles, front: RestFront) {
    this.#server = createServer({
      cert: readFileSync(files.certFile),
      key: readFileSync(files.keyFile),
      ca: [...files.clientAuthorities],
      requestCert: true,
      rejectUnauthorized: false, // callers without a certificate are known by token, or anonymous
      keepAliveTimeout: 180_000,
      headersTimeout: 32_000,
      requestTimeout: 0, // watches have their own end
      maxHeaderSize: 64 * 1024,
    })
    this.#server.on('request', (message, response) => void front.onRequest(message, response))
    this.#server.on(
      'upgrade',
      (message, socket, head) => void front.onUpgrade(message, socket, head),
    )
    this.#server.on('clientError', (_error, socket) => void socket.destroy())
  }

  /** Resolves with the port. */
  async listen(host: string, port: number): Promise<number> {
    const server = this.#server.listen({ host, port })
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : port
  }

  /** Ends idle connections, then all of them after the grace time. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeIdleConnections()
      this.#server.closeAllConnections()
    })
  }
}
