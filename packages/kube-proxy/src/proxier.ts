import type { EndpointSlice, Service } from '@kemu/api'
import type { Clock, Logger } from '@kemu/base'
import type { Lister } from '@kemu/client'
import type { ProxyHealth } from './health/proxy-health.ts'
import type { ServiceHealth } from './health/service-health.ts'
import type { ProxyMetrics } from './metrics.ts'
import type { GatewayPort } from './plan/gateway-port.ts'
import { planService } from './plan/plan-service.ts'
import type { PlanContext, ServicePlan } from './plan/plan-service.ts'
import type { ServiceCarrier } from './service-carrier.ts'
import { byService } from './slice-index.ts'

/** Gives service addresses a way on this node before anything answers there (netns driver). */
export interface LocalAddresses {
  add(wanted: ReadonlySet<string>): Promise<void>
  prune(wanted: ReadonlySet<string>): Promise<void>
}

export interface ProxierDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly services: Lister<Service>
  readonly slices: Lister<EndpointSlice>
  readonly carrier: ServiceCarrier
  readonly localAddresses: LocalAddresses
  readonly serviceHealth: Pick<ServiceHealth, 'apply'>
  readonly health: ProxyHealth
  readonly metrics: ProxyMetrics
  readonly onGatewayPorts: (ports: readonly GatewayPort[]) => void
  /** Told once for each service with ports that cannot be proxied. */
  readonly onRefused: (service: Service, ports: readonly string[]) => void
}

/** A failed synchronisation is tried again after this. */
const retryMs = 1000
/** When the endpoints of a slice changed, as its controller saw it (KEP: network programming latency SLI). */
const changedAtAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'

/** The loop: what changed is planned again and applied; what came meanwhile is done in the next turn. */
export class Proxier {
  readonly #deps: ProxierDeps
  readonly #plans = new Map<string, ServicePlan>()
  /** Changed services, each with the earliest time (ms since 1970) of a change of its endpoints. */
  #dirty = new Map<string, number | undefined>()
  #context: PlanContext
  #isRunning = false
  #isStarted = false
  #pendingServices = 0
  #pendingSlices = 0

  constructor(context: PlanContext, deps: ProxierDeps) {
    this.#context = context
    this.#deps = deps
  }

  /** The first turn, once the caches are full; resolves when it is in effect. */
  async start(): Promise<void> {
    this.#isStarted = true
    for (const service of this.#deps.services.list()) this.#mark(keyOf(service), undefined)
    this.#deps.health.queued()
    await this.#run()
  }

  onService(service: Service): void {
    this.#pendingServices += 1
    this.#deps.metrics.serviceChanges.inc()
    this.#enqueue(keyOf(service), undefined)
  }

  onSlice(service: string, slice: EndpointSlice): void {
    this.#pendingSlices += 1
    this.#deps.metrics.endpointChanges.inc()
    const changedAt = slice.metadata.annotations?.[changedAtAnnotation]
    this.#enqueue(service, changedAt === undefined ? undefined : Date.parse(changedAt))
  }

  /** The node itself changed: addresses, zone. Everything is planned again. */
  setContext(context: PlanContext): void {
    this.#context = context
    for (const key of this.#plans.keys()) this.#enqueue(key, undefined)
  }

  #enqueue(key: string, changedAtMs: number | undefined): void {
    this.#mark(key, changedAtMs)
    const { clock, health, metrics } = this.#deps
    metrics.lastQueued.set(clock.now() / 1000)
    health.queued()
    if (!this.#isStarted || this.#isRunning) return
    this.#isRunning = true
    // One turn of the event loop: events that came together are done together.
    clock.setTimer(0, () => void this.#run())
  }

  #mark(key: string, changedAtMs: number | undefined): void {
    const before = this.#dirty.get(key)
    this.#dirty.set(key, before ?? changedAtMs)
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#dirty.size > 0) {
      const changed = this.#dirty
      this.#dirty = new Map()
      try {
        await this.#sync(changed)
      } catch (error) {
        this.#deps.logger.error('Sync failed, trying again', { retryMs, err: error as Error })
        for (const [key, at] of changed) this.#mark(key, at)
        this.#deps.clock.setTimer(retryMs, () => void this.#run())
        return
      }
    }
    this.#isRunning = false
    this.#deps.health.updated()
  }

  async #sync(changed: ReadonlyMap<string, number | undefined>): Promise<void> {
    const { clock, carrier, localAddresses, serviceHealth, metrics } = this.#deps
    const startedAtMs = clock.monotonicMs()
    this.#pendingServices = 0
    this.#pendingSlices = 0
    for (const key of changed.keys()) this.#plan(key)
    const addresses = new Set([...this.#plans.values()].flatMap((plan) => plan.localAddresses))
    await localAddresses.add(addresses)
    const changes = new Map([...changed.keys()].map((key) => [key, this.#plans.get(key)]))
    await carrier.apply(changes, this.#context)
    await Promise.all(
      [...changes].map(([key, plan]) => serviceHealth.apply(key, plan?.healthCheck)),
    )
    await localAddresses.prune(addresses)
    this.#deps.onGatewayPorts([...this.#plans.values()].flatMap((plan) => plan.gatewayPorts))
    metrics.syncDuration.observe((clock.monotonicMs() - startedAtMs) / 1000)
    this.#measure(changed)
  }

  #plan(key: string): void {
    const service = this.#deps.services.get(key)
    if (!service) return void this.#plans.delete(key)
    const plan = planService(service, this.#deps.slices.byIndex(byService, key), this.#context)
    const before = this.#plans.get(key)
    this.#plans.set(key, plan)
    if (plan.refused.length > 0 && plan.refused.join() !== before?.refused.join())
      this.#deps.onRefused(service, plan.refused)
  }

  #measure(changed: ReadonlyMap<string, number | undefined>): void {
    const { clock, metrics } = this.#deps
    const nowMs = clock.now()
    metrics.lastSync.set(nowMs / 1000)
    metrics.serviceChangesPending.set(this.#pendingServices)
    metrics.endpointChangesPending.set(this.#pendingSlices)
    for (const at of changed.values())
      if (at !== undefined) metrics.networkProgramming.observe(Math.max(0, nowMs - at) / 1000)
    for (const policy of ['internal', 'external'] as const) {
      let count = 0
      for (const plan of this.#plans.values()) count += plan.withoutLocalEndpoints[policy]
      metrics.withoutLocalEndpoints.set(count, [policy])
    }
  }
}

function keyOf({ metadata }: Service): string {
  return `${metadata.namespace}/${metadata.name}`
}
