import { canonicalIp } from '@kemu/network/address'
import type { EndpointSlice } from '@kemu/api'
import type { Protocol, ServicePort } from './service-port.ts'

/** A place behind a service (upstream: BaseEndpointInfo). */
export interface Endpoint {
  readonly address: string
  readonly port: number
  /** On this node. */
  readonly isLocal: boolean
  readonly isReady: boolean
  readonly isServing: boolean
  readonly isTerminating: boolean
  readonly zoneHints: readonly string[]
  readonly nodeHints: readonly string[]
}

/** The endpoints of one service port out of all its service's slices, each address and port once, in a stable order. */
export function endpointsOf(
  port: ServicePort,
  slices: readonly EndpointSlice[],
  nodeName: string,
): Endpoint[] {
  const found = new Map<string, Endpoint>()
  for (const slice of slices) {
    const number = portNumber(slice, port.portName, port.protocol)
    if (slice.addressType !== `IPv${port.family}` || number === undefined) continue
    for (const raw of slice.endpoints ?? []) {
      const endpoint = endpointOf(raw, number, nodeName)
      if (!endpoint) continue
      const key = `${endpoint.address} ${endpoint.port}`
      // While a pod moves between slices it may stand in two of them: what terminates never hides what does not.
      if (!found.has(key) || !endpoint.isTerminating) found.set(key, endpoint)
    }
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint)
}

function portNumber(slice: EndpointSlice, name: string, protocol: Protocol): number | undefined {
  const match = (slice.ports ?? []).find(
    (port) => (port.name ?? '') === name && (port.protocol ?? 'TCP') === protocol,
  )
  return match?.port
}

type RawEndpoint = NonNullable<EndpointSlice['endpoints']>[number]

/** Conditions that are not set count as ready, serving and not terminating (discovery/v1). */
function endpointOf(raw: RawEndpoint, port: number, nodeName: string): Endpoint | undefined {
  const address = canonicalIp(raw.addresses[0] ?? '')
  if (address === undefined) return undefined
  return {
    address,
    port,
    isLocal: raw.nodeName !== undefined && raw.nodeName === nodeName,
    isReady: raw.conditions?.ready ?? true,
    isServing: raw.conditions?.serving ?? true,
    isTerminating: raw.conditions?.terminating ?? false,
    zoneHints: (raw.hints?.forZones ?? []).map((zone) => zone.name),
    nodeHints: (raw.hints?.forNodes ?? []).map((node) => node.name),
  }
}
