import type { Server, ServerResponse } from 'node:http'
import { listenHttp } from './health-server.ts'
import type { ProxyHealth } from './proxy-health.ts'

export interface ServiceHealthDeps {
  readonly health: ProxyHealth
  /** Told when a port cannot be opened; the words are upstream's. */
  readonly onFailure: (service: string, message: string) => void
  readonly nodeName: string
}

interface Check {
  readonly port: number
  localEndpoints: number
  readonly servers: Server[]
}

/** Answers on the healthCheckNodePort of services with externalTrafficPolicy Local: has this node an endpoint? */
export class ServiceHealth {
  readonly #addresses: readonly string[]
  readonly #deps: ServiceHealthDeps
  readonly #checks = new Map<string, Check>()

  constructor(addresses: readonly string[], deps: ServiceHealthDeps) {
    this.#addresses = addresses
    this.#deps = deps
  }

  /** States a service's check, or that it has none. */
  async apply(
    service: string,
    wanted: { readonly port: number; readonly localEndpoints: number } | undefined,
  ): Promise<void> {
    const check = this.#checks.get(service)
    if (check && check.port !== wanted?.port) {
      for (const server of check.servers) server.close()
      this.#checks.delete(service)
    }
    const kept = this.#checks.get(service)
    if (kept && wanted) kept.localEndpoints = wanted.localEndpoints
    else if (wanted) await this.#open(service, wanted)
  }

  close(): void {
    for (const { servers } of this.#checks.values()) for (const server of servers) server.close()
    this.#checks.clear()
  }

  async #open(
    service: string,
    { port, localEndpoints }: { port: number; localEndpoints: number },
  ): Promise<void> {
    const check: Check = { port, localEndpoints, servers: [] }
    try {
      for (const host of this.#addresses) {
        const handle = (_: string, response: ServerResponse): void =>
          this.#answer(service, check, response)
        check.servers.push(await listenHttp({ host, port }, handle))
      }
      this.#checks.set(service, check)
    } catch (error) {
      for (const server of check.servers) server.close()
      const { nodeName, onFailure } = this.#deps
      const why = (error as Error).message
      onFailure(
        service,
        `node ${nodeName} failed to start healthcheck "${service}" on port ${port}: ${why}`,
      )
    }
  }

  #answer(service: string, { localEndpoints }: Check, response: ServerResponse): void {
    const { isHealthy } = this.#deps.health
    const [namespace, name] = service.split('/')
    const headers = {
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      'x-load-balancing-endpoint-weight': String(localEndpoints),
    }
    const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: isHealthy }
    response
      .writeHead(localEndpoints > 0 && isHealthy ? 200 : 503, headers)
      .end(JSON.stringify(body, null, '\t'))
  }
}
