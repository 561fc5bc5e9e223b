import { X509Certificate } from 'node:crypto'
import type { KindDefinition } from '@kemu/api/kinds'
import { MetricsRegistry, registerProcessMetrics } from '@kemu/base'
import type { Clock, Random } from '@kemu/base'
import { AdmissionChain } from './admission/admission.ts'
import type { AdmissionPlugin } from './admission/admission.ts'
import type { Authenticator } from './authentication/authenticator.ts'
import type { Authorizer } from './authorization/authorizer.ts'
import { Discovery } from './discovery/discovery.ts'
import type { FlowController } from './flow-control/flow-controller.ts'
import { Health } from './health.ts'
import { PlainRouter } from './plain-router.ts'
import type { PlainRoute } from './plain-router.ts'
import type { ActionHandler } from './registry/action-handler.ts'
import type { Catalog } from './registry/catalog.ts'
import { ResourceHandler } from './registry/resource-handler.ts'
import type { ConnectRequest, RequestContext } from './request/api-request.ts'
import type { ApiResponse } from './request/api-response.ts'
import { authenticationStage } from './stages/authentication.ts'
import { authorizationStage } from './stages/authorization.ts'
import { dispatchStage } from './stages/dispatch.ts'
import { flowControlStage } from './stages/flow-control.ts'
import { impersonationStage } from './stages/impersonation.ts'
import { metricsStage } from './stages/metrics.ts'
import { runStages } from './stages/stage.ts'
import type { Stage } from './stages/stage.ts'

/** The parts that a server is put together from. */
export interface ApiServerParts {
  readonly catalog: Catalog
  readonly kinds: readonly KindDefinition[]
  readonly clock: Clock
  readonly random: Random
  readonly authenticators: readonly Authenticator[]
  readonly authorizers: readonly Authorizer[]
  readonly plugins: readonly AdmissionPlugin[]
  readonly actions: ReadonlyMap<string, ActionHandler>
  readonly routes: readonly PlainRoute[]
  connect(request: ConnectRequest, context: RequestContext): Promise<ApiResponse>
  readonly anonymousAllowed: boolean
  readonly flows: FlowController
  /** `address:port` for clients. */
  readonly serverAddress: string
  readonly podLoopbackRange: string | undefined
}

/** One API server without its sockets: a catalog of resources behind one list of stages. */
export class ApiServer {
  readonly health = new Health()
  readonly metrics = new MetricsRegistry()
  readonly #stages: readonly Stage[]

  constructor(parts: ApiServerParts) {
    registerProcessMetrics(this.metrics)
    const resources = new ResourceHandler({
      ...parts,
      admission: new AdmissionChain(parts.plugins),
    })
    const plain = new PlainRouter({
      discovery: new Discovery(parts.kinds, parts.serverAddress),
      health: this.health,
      metrics: this.metrics,
      more: parts.routes,
    })
    this.#stages = [
      metricsStage(this.metrics, parts.clock),
      authenticationStage(parts.authenticators, parts.anonymousAllowed),
      impersonationStage(parts.authorizers),
      flowControlStage(parts.flows, this.metrics),
      authorizationStage(parts.authorizers),
      dispatchStage({
        resources,
        plain,
        connect: (request, context) => parts.connect(request, context),
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
