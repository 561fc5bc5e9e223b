import type { Endpoint } from './endpoint.ts'
import type { ServicePort } from './service-port.ts'

/** One service port and who is behind it: what a back-end of packet-filter rules needs. */
export interface PlannedPort {
  readonly port: ServicePort
  /** For policy Cluster; empty where nothing uses it. */
  readonly cluster: readonly Endpoint[]
  /** For policy Local; empty where nothing uses it. */
  readonly local: readonly Endpoint[]
  /** Some node has a usable endpoint, be it not this one. */
  readonly hasEndpoints: boolean
  /** All that still answer, whatever the policies: running flows to others are stale (upstream: IsServing). */
  readonly serving: readonly Endpoint[]
  /** Addresses of the node that lead to the service's own port, for the gateway, where there is no node port. */
  readonly doors: readonly string[]
}
