import { createServer } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import type { HostPort } from '@kemu/network/address'
import type { Node } from '@kemu/api'
import type { ProxyMetrics } from '../metrics.ts'
import { isNodeEligible } from './proxy-health.ts'
import type { ProxyHealth } from './proxy-health.ts'

export interface HealthServerDeps {
  readonly health: ProxyHealth
  readonly metrics: ProxyMetrics
  readonly node: () => Node | undefined
}

/** /healthz (fit for traffic from outside) and /livez (working); port 10256 by default. */
export function serveHealth(at: HostPort, deps: HealthServerDeps): Promise<Server> {
  const { health, metrics, node } = deps
  return listenHttp(at, (path, response) => {
    switch (path) {
      case '/healthz': {
        const isEligible = isNodeEligible(node())
        const isHealthy = health.isHealthy && isEligible
        metrics.healthz.inc([isHealthy ? '200' : '503'])
        return answer(response, isHealthy, health.report(isHealthy, isEligible))
      }
      case '/livez':
        metrics.livez.inc([health.isHealthy ? '200' : '503'])
        return answer(response, health.isHealthy, health.report(health.isHealthy))
      default:
        return notFound(response)
    }
  })
}

/** /metrics, /proxyMode and /healthz of the metrics port; 10249 by default. */
export function serveMetrics(at: HostPort, metrics: ProxyMetrics, mode: string): Promise<Server> {
  return listenHttp(at, (path, response) => {
    switch (path) {
      case '/metrics':
        response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
        return void response.end(metrics.registry.expose())
      case '/proxyMode':
        response.setHeader('content-type', 'text/plain; charset=utf-8')
        response.setHeader('x-content-type-options', 'nosniff')
        return void response.end(mode)
      case '/healthz':
        return void response.end('ok')
      default:
        return notFound(response)
    }
  })
}

/** Rejects with Node's error when the address cannot be had. */
export function listenHttp(
  { host, port }: HostPort,
  handle: (path: string, response: ServerResponse) => void,
): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume()
    handle((request.url ?? '/').split('?')[0]!, response)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host !== '' && { host }), exclusive: true }, () => resolve(server))
  })
}

function answer(response: ServerResponse, isHealthy: boolean, body: unknown): void {
  const headers = { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' }
  response.writeHead(isHealthy ? 200 : 503, headers).end(JSON.stringify(body))
}

/** Go's ServeMux answers this for what it does not know. */
function notFound(response: ServerResponse): void {
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
  }
  response.writeHead(404, headers).end('404 page not found\n')
}
