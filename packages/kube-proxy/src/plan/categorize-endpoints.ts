import type { Endpoint } from './endpoint.ts'
import { isExternallyAccessible } from './service-port.ts'
import type { ServicePort } from './service-port.ts'

export interface NodeTopology {
  readonly nodeName: string
  /** Label topology.kubernetes.io/zone; '' without one. */
  readonly zone: string
}

/** The endpoints that each traffic policy may use (upstream: CategorizeEndpoints). */
export interface EndpointCategories {
  /** For policy Cluster. */
  readonly cluster: readonly Endpoint[]
  /** For policy Local. */
  readonly local: readonly Endpoint[]
}

/**
 * Ready endpoints, or, where there is none, those that still serve while they terminate (KEP-1669); among the ready
 * ones those that the hints reserve for this node or its zone (KEP-2433, KEP-3015).
 */
export function categorizeEndpoints(
  endpoints: readonly Endpoint[],
  port: ServicePort,
  topology: NodeTopology,
): EndpointCategories {
  const usesCluster = !port.isInternalLocal || isExternallyAccessible(port)
  const usesLocal = port.isInternalLocal || (port.isExternalLocal && isExternallyAccessible(port))
  const hinted = (endpoint: Endpoint): boolean => availableBy(mode, endpoint, topology)
  const mode = topologyMode(endpoints, topology)
  const local = endpoints.filter((endpoint) => endpoint.isLocal)
  return {
    cluster: usesCluster ? readyElseTerminating(endpoints, hinted) : [],
    local: usesLocal ? readyElseTerminating(local, () => true) : [],
  }
}

function readyElseTerminating(
  endpoints: readonly Endpoint[],
  isAvailable: (endpoint: Endpoint) => boolean,
): readonly Endpoint[] {
  const ready = endpoints.filter((endpoint) => endpoint.isReady && isAvailable(endpoint))
  if (ready.length > 0) return ready
  return endpoints.filter((endpoint) => endpoint.isServing && endpoint.isTerminating)
}

type TopologyMode = 'none' | 'same-node' | 'same-zone'

/** Hints count only when every ready endpoint carries one and at least one of them is for here. */
function topologyMode(
  endpoints: readonly Endpoint[],
  { nodeName, zone }: NodeTopology,
): TopologyMode {
  const ready = endpoints.filter((endpoint) => endpoint.isReady)
  if (ready.length === 0) return 'none'
  const allHaveNodes = ready.every(({ nodeHints }) => nodeHints.length > 0)
  if (allHaveNodes && ready.some(({ nodeHints }) => nodeHints.includes(nodeName)))
    return 'same-node'
  const allHaveZones = ready.every(({ zoneHints }) => zoneHints.length > 0)
  if (allHaveZones && ready.some(({ zoneHints }) => zoneHints.includes(zone))) return 'same-zone'
  return 'none'
}

function availableBy(mode: TopologyMode, endpoint: Endpoint, topology: NodeTopology): boolean {
  switch (mode) {
    case 'none':
      return true
    case 'same-node':
      return endpoint.nodeHints.includes(topology.nodeName)
    case 'same-zone':
      return endpoint.zoneHints.includes(topology.zone)
  }
}
