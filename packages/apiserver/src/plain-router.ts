import { statusError } from '@kemu/api'
import type { MetricsRegistry } from '@kemu/base'
import type { Discovery } from './discovery/discovery.ts'
import { serverVersion } from './discovery/version.ts'
import type { Health } from './health.ts'
import { PageNotFound } from './registry/page-not-found.ts'
import type { PlainRequest } from './request/api-request.ts'
import type { ApiResponse } from './request/api-response.ts'
import type { PlainHandler } from './request/plain-handler.ts'

export interface PlainRouterDeps {
  readonly discovery: Discovery
  readonly health: Health
  readonly metrics: MetricsRegistry
  /** Answers for other paths: OpenAPI, OpenID. */
  readonly more: readonly PlainRoute[]
}

export interface PlainRoute {
  readonly prefix: string
  /** What the index names of it, if not the prefix. */
  readonly paths?: readonly string[]
  answer(request: PlainRequest): Promise<ApiResponse | undefined> | ApiResponse | undefined
}

/** Everything that is served besides resources. */
export class PlainRouter implements PlainHandler {
  readonly #deps: PlainRouterDeps

  constructor(deps: PlainRouterDeps) {
    this.#deps = deps
  }

  async handle(request: PlainRequest): Promise<ApiResponse> {
    if (request.verb !== 'get' && request.verb !== 'head') {
      throw statusError(
        'MethodNotAllowed',
        'the server does not allow this method on the requested resource',
      )
    }
    const answer = await this.#answer(request)
    if (!answer) throw new PageNotFound()
    return answer
  }

  async #answer(request: PlainRequest): Promise<ApiResponse | undefined> {
    const { discovery, health, metrics, more } = this.#deps
    const { path } = request
    if (path === '/version' || path === '/version/') return indented(serverVersion)
    if (path === '/') return indented({ paths: this.#paths() })
    if (path === '/metrics') {
      return {
        form: 'bytes',
        code: 200,
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        body: Buffer.from(metrics.expose()),
      }
    }
    const route = more.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`))
    if (route) return route.answer(request)
    return (await health.answer(request)) ?? discovery.answer(request)
  }

  /** What `/` lists: groups and versions, checks, documents (genericapiserver's index). */
  #paths(): string[] {
    const { discovery, health, more } = this.#deps
    const routes = more.flatMap(({ prefix, paths }) => paths ?? [prefix])
    return [...discovery.paths, ...health.paths, ...routes, '/metrics', '/version'].sort()
  }
}

/** What the real server indents whoever asks. */
function indented(value: object): ApiResponse {
  const body = Buffer.from(JSON.stringify(value, null, 2))
  return { form: 'bytes', code: 200, contentType: 'application/json', body }
}
