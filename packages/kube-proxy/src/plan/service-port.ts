import { canonicalIp, isZeroCidr, parseCidr, parseIp } from '@kemu/network/address'
import type { Cidr } from '@kemu/network/address'
import type { Service, ServicePort as ApiServicePort } from '@kemu/api'

/** Protocols that Node has sockets for. */
export type SocketProtocol = 'TCP' | 'UDP'
export type Protocol = SocketProtocol | 'SCTP'

/** One port of a service in one address family, as kube-proxy sees it (upstream: BaseServicePortInfo). */
export interface ServicePort {
  /** `namespace/name`. */
  readonly service: string
  /** `namespace/name:port`, the way upstream names it in messages. */
  readonly name: string
  /** The port's own name, by which endpoint slices tell their ports apart; '' for a single unnamed one. */
  readonly portName: string
  readonly family: 4 | 6
  readonly protocol: Protocol
  readonly clusterIp: string
  readonly port: number
  /** 0 where there is none. */
  readonly nodePort: number
  readonly externalIps: readonly string[]
  /** Addresses of load balancers whose packets arrive unchanged (ipMode VIP). */
  readonly loadBalancerIps: readonly string[]
  /** The load balancer is the person's own machine: its status says `localhost`. */
  readonly isOnLocalhost: boolean
  /** Empty allows everybody. */
  readonly sourceRanges: readonly Cidr[]
  /** How long a client keeps its endpoint after its last connection; undefined without session affinity. */
  readonly affinityMs: number | undefined
  readonly isInternalLocal: boolean
  readonly isExternalLocal: boolean
}

/** The host name in a load balancer's status that stands for the person's machine. */
const localhostIngress = 'localhost'

/** Services without a cluster IP (headless, ExternalName) are none of kube-proxy's business. */
function hasClusterIp(service: Service): boolean {
  const { clusterIP, type } = service.spec
  return (
    type !== 'ExternalName' && clusterIP !== undefined && clusterIP !== '' && clusterIP !== 'None'
  )
}

/** Every port of a service in every address family that it has; those that cannot be carried come as `refused`. */
export function servicePorts(
  service: Service,
  carrier: 'sockets' | 'rules',
): { ports: ServicePort[]; refused: string[] } {
  const ports: ServicePort[] = []
  const refused: string[] = []
  if (!hasClusterIp(service)) return { ports, refused }
  for (const port of service.spec.ports ?? []) {
    const protocol = port.protocol ?? 'TCP'
    if (!isCarried(protocol, carrier)) {
      refused.push(`${protocol} port ${port.port}`)
      continue
    }
    for (const ip of clusterIps(service)) {
      const planned = portOf(service, port, protocol, ip)
      if (carrier === 'rules' && planned.family === 6)
        refused.push(`${protocol} port ${port.port} of ${ip}`)
      else ports.push(planned)
    }
  }
  return { ports, refused }
}

/** Whether the service accepts traffic from outside the cluster at all. */
export function isExternallyAccessible(port: ServicePort): boolean {
  const { nodePort, loadBalancerIps, externalIps, isOnLocalhost } = port
  return nodePort !== 0 || loadBalancerIps.length > 0 || externalIps.length > 0 || isOnLocalhost
}

/** The port for health checks by load balancers; undefined unless the service asks for local endpoints only. */
export function healthCheckNodePort(service: Service): number | undefined {
  const { type, externalTrafficPolicy, healthCheckNodePort: port } = service.spec
  const isNeeded = type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
  return isNeeded && port ? port : undefined
}

function isCarried(protocol: string, carrier: 'sockets' | 'rules'): protocol is Protocol {
  if (protocol === 'SCTP') return carrier === 'rules'
  return protocol === 'TCP' || protocol === 'UDP'
}

function clusterIps({ spec }: Service): string[] {
  return spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP!]
}

function portOf(
  service: Service,
  port: ApiServicePort,
  protocol: Protocol,
  clusterIp: string,
): ServicePort {
  const { spec, metadata } = service
  const key = `${metadata.namespace}/${metadata.name}`
  const family = parseIp(clusterIp)?.family ?? 4
  const ofFamily = (ips: readonly string[]): string[] =>
    ips.filter((ip) => parseIp(ip)?.family === family).map((ip) => canonicalIp(ip)!)
  const timeoutSeconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800
  return {
    service: key,
    name: `${key}${port.name ? `:${port.name}` : ''}`,
    portName: port.name ?? '',
    family,
    protocol,
    clusterIp,
    port: port.port,
    nodePort: port.nodePort ?? 0,
    externalIps: ofFamily(spec.externalIPs ?? []),
    loadBalancerIps: ofFamily(loadBalancerIps(service)),
    isOnLocalhost: family === 4 && hasLocalhostIngress(service),
    sourceRanges: sourceRanges(spec.loadBalancerSourceRanges ?? [], family),
    affinityMs: spec.sessionAffinity === 'ClientIP' ? timeoutSeconds * 1000 : undefined,
    isInternalLocal: spec.internalTrafficPolicy === 'Local',
    isExternalLocal: isExternalType(service) && spec.externalTrafficPolicy === 'Local',
  }
}

/** externalTrafficPolicy has a meaning where traffic can come from outside (upstream: ExternallyAccessible). */
function isExternalType({ spec }: Service): boolean {
  const hasExternalIp = spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0
  return spec.type === 'LoadBalancer' || spec.type === 'NodePort' || hasExternalIp
}

function loadBalancerIps({ status }: Service): string[] {
  const ingress = status.loadBalancer?.ingress ?? []
  return ingress.filter((at) => at.ip && at.ipMode !== 'Proxy').map((at) => at.ip!)
}

function hasLocalhostIngress({ spec, status }: Service): boolean {
  const ingress = status.loadBalancer?.ingress ?? []
  return spec.type === 'LoadBalancer' && ingress.some((at) => at.hostname === localhostIngress)
}

/** A range that covers everything is no restriction; spaces around a range are allowed, as in upstream's validation. */
function sourceRanges(texts: readonly string[], family: 4 | 6): Cidr[] {
  const ranges = texts
    .map((text) => parseCidr(text.trim()))
    .filter((cidr): cidr is Cidr => cidr?.first.family === family)
  return ranges.some(isZeroCidr) ? [] : ranges
}
