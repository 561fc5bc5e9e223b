import { canonicalIp, parseIp } from '@kemu/network/address'
import type { EndpointSlice, Pod, Service } from '@kemu/api'
import type { ClusterView } from './cluster-view.ts'
import type { RecordName } from './record-name.ts'

/** A thing behind a name (CoreDNS: msg.Service). */
export interface Target {
  /** An address, or the name that an ExternalName service stands for. */
  readonly host: string
  /** -1 for a service or slice without ports: such a thing has no SRV record. */
  readonly port: number
  /** The name that SRV records point to, without the zone: `web.default.svc`. */
  readonly domain: string
}

/** undefined: the name does not exist. No targets: it exists, but has no records. */
export type Found = readonly Target[] | undefined

export type PodMode = 'disabled' | 'insecure' | 'verified'

export interface FindOptions {
  readonly podMode: PodMode
  /** Empty exposes all. */
  readonly namespaces: ReadonlySet<string>
  /** Endpoints without a hostname go by their pod's name and not by their address. */
  readonly usesPodNames: boolean
  /** Services without a ready endpoint do not exist. */
  readonly ignoresEmptyServices: boolean
}

/** Looks a name up in the cluster's objects. */
export function find(name: RecordName, view: ClusterView, options: FindOptions): Found {
  switch (name.kind) {
    case 'apex':
      return []
    case 'invalid':
      return undefined
    case 'namespace':
      return isExposed(name.namespace, view, options) ? [] : undefined
    case 'pod':
      return isExposed(name.namespace, view, options) ? findPod(name, view, options) : undefined
    case 'service':
      return isExposed(name.namespace, view, options) ? findService(name, view, options) : undefined
  }
}

export function isExposed(namespace: string, view: ClusterView, options: FindOptions): boolean {
  const isListed = options.namespaces.size === 0 || options.namespaces.has(namespace)
  return isListed && view.hasNamespace(namespace)
}

/** The label of an endpoint: its hostname, else its pod's name where asked for, else its address with dashes. */
export function endpointLabel(endpoint: Endpoint, { usesPodNames }: FindOptions): string {
  if (endpoint.hostname) return endpoint.hostname
  const pod = endpoint.targetRef?.name
  if (usesPodNames && pod) return pod
  const [address = ''] = endpoint.addresses
  const label = address.replaceAll(/[.:]/g, '-')
  // A label must not end with a dash.
  return label.endsWith('-') ? `${label}0` : label
}

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number]
type PodName = Extract<RecordName, { kind: 'pod' }>
type ServiceName = Extract<RecordName, { kind: 'service' }>

/** `10-244-1-5` is 10.244.1.5, and `fd00--5` is fd00::5. */
function findPod({ namespace, pod }: PodName, view: ClusterView, options: FindOptions): Found {
  const isQuad = pod.split('-').length === 4 && !pod.includes('--')
  const address = canonicalIp(pod.replaceAll('-', isQuad ? '.' : ':'))
  if (options.podMode === 'disabled' || address === undefined) return undefined
  const target = { host: address, port: 0, domain: `${pod}.${namespace}.pod` }
  if (options.podMode === 'insecure') return [target]
  const isThere = (candidate: Pod): boolean => candidate.metadata.namespace === namespace
  return view.podsAt(address).some(isThere) ? [target] : undefined
}

function findService(name: ServiceName, view: ClusterView, options: FindOptions): Found {
  const { namespace, service: serviceName } = name
  const service = view.service(namespace, serviceName)
  if (!service) return undefined
  const isHeadless = service.spec.clusterIP === 'None'
  if (service.spec.type === 'ExternalName') return findExternal(service, name)
  const slices = view.slices(namespace, serviceName)
  if (isHeadless || name.endpoint !== '') return findEndpoints(slices, name, options)
  if (options.ignoresEmptyServices && slices.every((slice) => readyEndpoints(slice).length === 0))
    return undefined
  return findClusterIps(service, name)
}

/** A name of its own only: ports, protocols and endpoints mean nothing for what is not in the cluster. */
function findExternal({ spec }: Service, { endpoint, port, protocol, ...at }: ServiceName): Found {
  const host = spec.externalName ?? ''
  if (endpoint !== '' || port !== '' || protocol !== '' || parseIp(host)) return undefined
  return [{ host, port: 0, domain: `${at.service}.${at.namespace}.svc` }]
}

function findClusterIps({ spec }: Service, name: ServiceName): Found {
  const domain = `${name.service}.${name.namespace}.svc`
  const ips = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? '']
  const ports = spec.ports?.length ? spec.ports : [{ port: -1 }]
  const asked = ports.filter((port) => isAsked(name, port))
  if (asked.length === 0) return undefined
  return asked.flatMap(({ port }) => ips.map((host) => ({ host, port, domain })))
}

function findEndpoints(
  slices: readonly EndpointSlice[],
  name: ServiceName,
  options: FindOptions,
): Found {
  const targets: Target[] = []
  for (const slice of slices) {
    const ports = slice.ports?.length ? slice.ports : [{ port: -1 }]
    for (const endpoint of readyEndpoints(slice)) {
      const label = endpointLabel(endpoint, options)
      if (name.endpoint !== '' && name.endpoint !== label.toLowerCase()) continue
      const domain = `${label}.${name.service}.${name.namespace}.svc`
      const host = canonicalIp(endpoint.addresses[0]!)!
      for (const port of ports)
        if (isAsked(name, port)) targets.push({ host, port: port.port ?? -1, domain })
    }
  }
  return targets.length > 0 ? targets : undefined
}

/** A condition that is not set counts as ready (discovery/v1). */
export function readyEndpoints(slice: EndpointSlice): Endpoint[] {
  if (slice.addressType !== 'IPv4' && slice.addressType !== 'IPv6') return []
  return (slice.endpoints ?? []).filter(
    ({ conditions, addresses }) => (conditions?.ready ?? true) && canonicalIp(addresses[0] ?? ''),
  )
}

function isAsked(asked: ServiceName, port: { name?: string; protocol?: string }): boolean {
  const matches = (wanted: string, has: string): boolean =>
    wanted === '' || wanted === has.toLowerCase()
  return matches(asked.port, port.name ?? '') && matches(asked.protocol, port.protocol ?? 'TCP')
}
