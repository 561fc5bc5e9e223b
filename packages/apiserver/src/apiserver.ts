import { X509Certificate } from 'node:crypto'
import type { KindDefinition } from '@kemu/api/kinds'
import { MetricsRegistry, registerProcessMetrics } from '@kemu/base'
import type { Clock, Logger, Random } from '@kemu/base'
import { AdmissionChain } from './admission/admission.ts'
import type { AdmissionPlugin } from './admission/admission.ts'
import type { Authenticator } from './authentication/authenticator.ts'
import type { Authorizer } from './authorization/authorizer.ts'
import { ChangeFeed } from './cache/change-feed.ts'
import { Discovery } from './discovery/discovery.ts'
import { Health } from './health.ts'
import { PlainRouter } from './plain-router.ts'
import type { PlainRoute } from './plain-router.ts'
import type { ActionHandler } from './registry/action-handler.ts'
import { Catalog, storageRoot } from './registry/catalog.ts'
import { ResourceHandler } from './registry/resource-handler.ts'
import type { ResourceHooks } from './registry/write-context.ts'
import type { ConnectRequest, RequestContext } from './request/api-request.ts'
import type { ApiResponse } from './request/api-response.ts'
import { authenticationStage } from './stages/authentication.ts'
import { authorizationStage } from './stages/authorization.ts'
import { dispatchStage } from './stages/dispatch.ts'
import { runStages } from './stages/stage.ts'
import type { Stage } from './stages/stage.ts'
import type { KeyValueStore } from './store/key-value-store.ts'

export interface ApiServerDeps {
  readonly store: KeyValueStore
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** The parts that a server is put together from. */
export interface ApiServerParts {
  readonly kinds: readonly KindDefinition[]
  readonly hooks: (catalog: Catalog) => Readonly<Record<string, ResourceHooks>>
  readonly authenticators: (catalog: Catalog) => readonly Authenticator[]
  readonly authorizers: (catalog: Catalog) => readonly Authorizer[]
  readonly admission: (catalog: Catalog) => readonly AdmissionPlugin[]
  readonly actions: (catalog: Catalog) => ReadonlyMap<string, ActionHandler>
  readonly routes: readonly PlainRoute[]
  connect(catalog: Catalog, request: ConnectRequest, context: RequestContext): Promise<ApiResponse>
  readonly anonymousAllowed: boolean
  readonly serverAddress: string
  readonly podLoopbackRange: string | undefined
}

/** One API server without its sockets: a catalog of resources behind one list of stages. */
export class ApiServer {
  readonly catalog: Catalog
  readonly feed: ChangeFeed
  readonly health = new Health()
  readonly metrics = new MetricsRegistry()
  readonly #stages: readonly Stage[]

  constructor(deps: ApiServerDeps, parts: ApiServerParts) {
    this.feed = new ChangeFeed(deps.store, deps.clock, storageRoot)
    this.catalog = new Catalog({ ...deps, feed: this.feed })
    const hooks = parts.hooks(this.catalog)
    for (const kind of parts.kinds) this.catalog.add(kind, hooks[kind.type.resource] ?? {})
    const { catalog } = this
    registerProcessMetrics(this.metrics)
    const resources = new ResourceHandler({
      catalog,
      admission: new AdmissionChain(parts.admission(catalog)),
      clock: deps.clock,
      random: deps.random,
      podLoopbackRange: parts.podLoopbackRange,
      actions: parts.actions(catalog),
    })
    const plain = new PlainRouter({
      discovery: new Discovery(parts.kinds, parts.serverAddress),
      health: this.health,
      metrics: this.metrics,
      more: parts.routes,
    })
    this.#stages = [
      authenticationStage(parts.authenticators(catalog), parts.anonymousAllowed),
      authorizationStage(parts.authorizers(catalog)),
      dispatchStage({
        resources,
        plain,
        connect: (request, context) => parts.connect(catalog, request, context),
      }),
    ]
  }

  /** What both fronts call. */
  handle(context: RequestContext): Promise<ApiResponse> {
    return runStages(this.#stages, context)
  }
}

export function certificateOf(pem: string | undefined): X509Certificate | undefined {
  return pem === undefined ? undefined : new X509Certificate(pem)
}
