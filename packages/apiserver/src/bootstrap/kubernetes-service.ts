import { deepCopy, deepEqual, endpoints, endpointSlices, services } from '@kemu/api'
import type { Clock, Logger, Timer } from '@kemu/base'
import type { MasterLeases } from './master-leases.ts'
import type { SystemWriter } from './system-writer.ts'

export interface KubernetesServiceConfig {
  /** The first address of the service range. */
  readonly clusterIp: string
  readonly securePort: number
  /** False for --endpoint-reconciler-type=none. */
  readonly keepsEndpoints: boolean
}

const place = { namespace: 'default', name: 'kubernetes' }
const periodMs = 10_000

/**
 * The service `kubernetes` and its endpoints: all servers that renewed their key in the store
 * lately.
 */
export class KubernetesService {
  readonly #config: KubernetesServiceConfig
  readonly #writer: SystemWriter
  readonly #leases: MasterLeases
  readonly #clock: Clock
  readonly #logger: Logger
  #timer: Timer | undefined

  constructor(
    config: KubernetesServiceConfig,
    deps: {
      readonly writer: SystemWriter
      readonly leases: MasterLeases
      readonly clock: Clock
      readonly logger: Logger
    },
  ) {
    this.#config = config
    this.#writer = deps.writer
    this.#leases = deps.leases
    this.#clock = deps.clock
    this.#logger = deps.logger
  }

  /** Makes both, and keeps the endpoints right from then on. */
  async start(): Promise<void> {
    await this.#ensureService()
    if (!this.#config.keepsEndpoints) return
    await this.#reconcile()
    this.#timer = this.#clock.setPeriodic(periodMs, () => {
      this.#reconcile().catch((error: unknown) =>
        this.#logger.warn('Failed to keep the endpoints of kubernetes', { err: error }),
      )
    })
  }

  /** Takes this server out of the endpoints. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    if (!this.#timer) return
    await this.#leases.remove()
    const left = await this.#leases.addresses()
    if (left.length > 0) await this.#writeEndpoints(left)
  }

  async #ensureService(): Promise<void> {
    const { clusterIp, securePort } = this.#config
    await this.#writer.create(services, {
      metadata: { ...place, labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: {
        clusterIP: clusterIp,
        type: 'ClusterIP',
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: securePort }],
        sessionAffinity: 'None',
      },
    })
  }

  async #reconcile(): Promise<void> {
    await this.#leases.renew()
    await this.#writeEndpoints(await this.#leases.addresses())
  }

  async #writeEndpoints(addresses: readonly string[]): Promise<void> {
    await this.#writeLegacy(addresses)
    await this.#writeSlice(addresses)
  }

  async #writeLegacy(addresses: readonly string[]): Promise<void> {
    const port = { name: 'https', port: this.#config.securePort, protocol: 'TCP' }
    const subsets = [{ addresses: addresses.map((ip) => ({ ip })), ports: [port] }]
    const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' }
    const present = await this.#writer.lookup.find(endpoints, place.namespace, place.name)
    if (present && deepEqual(present.subsets ?? [], subsets)) return
    if (
      !present &&
      (await this.#writer.create(endpoints, { metadata: { ...place, labels }, subsets }))
    )
      return
    await this.#writer.update(endpoints, place, (old) => {
      const next = deepCopy(old)
      next.subsets = subsets
      return next
    })
  }

  async #writeSlice(addresses: readonly string[]): Promise<void> {
    const content = {
      addressType: 'IPv4',
      endpoints: addresses.map((address) => ({
        addresses: [address],
        conditions: { ready: true },
      })),
      ports: [{ name: 'https', port: this.#config.securePort, protocol: 'TCP' }],
    }
    const labels = { 'kubernetes.io/service-name': place.name }
    const present = await this.#writer.lookup.find(endpointSlices, place.namespace, place.name)
    if (
      present &&
      deepEqual(present.endpoints, content.endpoints) &&
      deepEqual(present.ports ?? [], content.ports)
    ) {
      return
    }
    const draft = { metadata: { ...place, labels }, ...content }
    if (!present && (await this.#writer.create(endpointSlices, draft))) return
    await this.#writer.update(endpointSlices, place, (old) => {
      const next = deepCopy(old)
      next.endpoints = content.endpoints
      next.ports = content.ports
      return next
    })
  }
}
