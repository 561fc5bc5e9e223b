import { createServer } from 'node:http'
import type { Server } from 'node:http'

export interface HealthServerConfig {
  readonly address: string
  readonly port: number
}

/** The plain port that init systems and people ask: /healthz answers ok while the kubelet works. */
export class HealthServer {
  readonly #server: Server

  /** `problem` gives the reason why it does not work, or undefined. */
  constructor(problem: () => string | undefined) {
    this.#server = createServer((request, response) => {
      const path = (request.url ?? '').split('?')[0]
      if (path !== '/healthz' && path !== '/healthz/ping' && path !== '/healthz/syncloop') {
        response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
        response.end('404 page not found\n')
        return
      }
      const why = problem()
      response.writeHead(why === undefined ? 200 : 500, { 'content-type': 'text/plain' })
      response.end(why === undefined ? 'ok' : `[-]syncloop failed: ${why}\nhealthz check failed\n`)
    })
  }

  listen({ address, port }: HealthServerConfig): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: address, port }, () => {
        const bound = this.#server.address()
        resolve(typeof bound === 'object' && bound ? bound.port : port)
      })
    })
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}
