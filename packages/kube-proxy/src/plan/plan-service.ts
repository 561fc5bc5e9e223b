import { cidrContains, formatHostPort, parseIp, shiftPort } from '@kemu/network/address'
import type { EndpointSlice, Service } from '@kemu/api'
import { categorizeEndpoints } from './categorize-endpoints.ts'
import type { NodeTopology } from './categorize-endpoints.ts'
import { endpointsOf } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import type { Backend, Frontend } from './frontend.ts'
import type { GatewayPort } from './gateway-port.ts'
import type { PlannedPort } from './planned-port.ts'
import { healthCheckNodePort, servicePorts } from './service-port.ts'
import type { ServicePort, SocketProtocol } from './service-port.ts'

/** What a plan depends on besides the service and its slices. */
export interface PlanContext {
  readonly topology: NodeTopology
  readonly network: 'loopback' | 'netns'
  /** Who carries the connections: sockets of this process, or the kernel's rules. */
  readonly carrier: 'sockets' | 'rules'
  /** Ports below are shifted (loopback driver); 0 shifts none. */
  readonly portFloor: number
  /** The node's own addresses that NodePorts are served on. */
  readonly nodePortAddresses: readonly string[]
  /** NodePorts also answer on 127.0.0.1, of the node and of the person's machine. */
  readonly hasLocalhostNodePorts: boolean
  /** Whether somebody opens ports on the person's machine for us; if nobody does, the node is the load balancer. */
  readonly hasGateway: boolean
}

/** Everything that kube-proxy does for one service. */
export interface ServicePlan {
  readonly frontends: readonly Frontend[]
  readonly ports: readonly PlannedPort[]
  /** Addresses that packets of the node itself must find a way to before anything answers there. */
  readonly localAddresses: readonly string[]
  readonly healthCheck: { readonly port: number; readonly localEndpoints: number } | undefined
  readonly gatewayPorts: readonly GatewayPort[]
  /** Ports that cannot be proxied, as `SCTP port 132`. */
  readonly refused: readonly string[]
  /** How many ports have endpoints, but none that a policy Local may use here. */
  readonly withoutLocalEndpoints: { readonly internal: number; readonly external: number }
}

const machineAddress = '127.0.0.1'

/** Pure: the same service, slices and context give the same plan. A frontend with nobody behind it is left out. */
export function planService(
  service: Service,
  slices: readonly EndpointSlice[],
  context: PlanContext,
): ServicePlan {
  const { ports, refused } = servicePorts(service, context.carrier)
  const planned = ports.map((port) => planPort(port, slices, context))
  const healthPort = healthCheckNodePort(service)
  const localAddresses = new Set(planned.flatMap((plan) => plan.localAddresses))
  const count = (which: 'internal' | 'external'): number =>
    planned.filter((plan) => plan.withoutLocal[which]).length
  return {
    frontends: planned.flatMap((plan) => plan.frontends),
    ports: planned.map((plan) => plan.planned),
    localAddresses: context.network === 'netns' ? [...localAddresses] : [],
    healthCheck:
      healthPort === undefined
        ? undefined
        : {
            port: healthPort,
            localEndpoints: countAddresses(planned.flatMap((plan) => plan.ready)),
          },
    gatewayPorts: planned.flatMap((plan) => plan.gatewayPorts),
    refused,
    withoutLocalEndpoints: { internal: count('internal'), external: count('external') },
  }
}

interface PortPlan {
  readonly planned: PlannedPort
  readonly frontends: readonly Frontend[]
  readonly localAddresses: readonly string[]
  readonly gatewayPorts: readonly GatewayPort[]
  /** Ready endpoints on this node. */
  readonly ready: readonly Endpoint[]
  readonly withoutLocal: { readonly internal: boolean; readonly external: boolean }
}

function planPort(
  port: ServicePort,
  slices: readonly EndpointSlice[],
  context: PlanContext,
): PortPlan {
  const endpoints = endpointsOf(port, slices, context.topology.nodeName)
  const { cluster, local } = categorizeEndpoints(endpoints, port, context.topology)
  const backends = (of: readonly Endpoint[]): Backend[] =>
    of.map(({ address, port: number }) => ({ address, port: placePort(number, context) }))
  const internal = backends(port.isInternalLocal ? local : cluster)
  const outside = backends(port.isExternalLocal ? local : cluster)
  const inside = port.isExternalLocal ? backends(cluster) : outside
  const frontends =
    port.protocol === 'SCTP'
      ? []
      : [
          frontend(port, port.protocol, clusterPlace(port, context), internal, internal),
          ...externalPlaces(port, context).map((place) =>
            frontend(port, port.protocol as SocketProtocol, place, outside, inside),
          ),
        ]
  const isBarren = endpoints.length > 0 && local.length === 0
  const hasEndpoints = endpoints.some((e) => e.isReady || (e.isServing && e.isTerminating))
  return {
    planned: {
      port,
      cluster,
      local,
      hasEndpoints,
      serving: endpoints.filter((endpoint) => endpoint.isServing),
      doors: port.isOnLocalhost ? localhostPlaces(port, context).map(({ address }) => address) : [],
    },
    frontends: frontends.filter((f) => f.backends.length + f.insideBackends.length > 0),
    localAddresses: [port.clusterIp, ...port.externalIps, ...port.loadBalancerIps],
    gatewayPorts: outside.length > 0 ? gatewayPorts(port, context) : [],
    ready: endpoints.filter((endpoint) => endpoint.isLocal && endpoint.isReady),
    withoutLocal: {
      internal: port.isInternalLocal && isBarren,
      external: port.isExternalLocal && isBarren,
    },
  }
}

/** A place to listen on; `ranged` ones hold to the service's loadBalancerSourceRanges. */
interface Place {
  readonly address: string
  readonly port: number
  readonly scope: Frontend['scope']
  readonly ranged?: boolean
}

function frontend(
  port: ServicePort,
  protocol: SocketProtocol,
  { address, port: number, scope, ranged }: Place,
  backends: readonly Backend[],
  insideBackends: readonly Backend[],
): Frontend {
  const { name, service, sourceRanges, affinityMs } = port
  return {
    protocol,
    address,
    port: number,
    servicePort: name,
    service,
    scope,
    backends,
    insideBackends,
    sourceRanges: ranged ? sourceRanges : [],
    affinityMs,
  }
}

function clusterPlace(port: ServicePort, context: PlanContext): Place {
  return serviceAddress(port.clusterIp, port, context)
}

/** Service addresses are this node's own where each node has a network; on loopback all nodes have the same one. */
function serviceAddress(address: string, port: ServicePort, context: PlanContext): Place {
  const scope = context.network === 'loopback' ? 'shared' : 'node'
  return { address, port: placePort(port.port, context), scope }
}

function externalPlaces(port: ServicePort, context: PlanContext): Place[] {
  const places = port.externalIps.map((ip) => serviceAddress(ip, port, context))
  for (const ip of port.loadBalancerIps)
    places.push({ ...serviceAddress(ip, port, context), ranged: true })
  if (port.nodePort !== 0) places.push(...nodePortPlaces(port, context))
  if (port.isOnLocalhost) places.push(...localhostPlaces(port, context))
  return places
}

function nodePortPlaces({ nodePort, family }: ServicePort, context: PlanContext): Place[] {
  const own = context.nodePortAddresses
    .filter((address) => parseIp(address)?.family === family)
    .map((address): Place => ({ address, port: nodePort, scope: 'node' }))
  if (!context.hasLocalhostNodePorts || family !== 4) return own
  // On loopback 127.0.0.1 is the machine's, for all nodes together; in a namespace it is the node's.
  const scope = context.network === 'loopback' ? 'shared' : 'node'
  return [...own, { address: machineAddress, port: nodePort, scope }]
}

/**
 * The load balancer on the person's machine: itself on loopback, else a door for the gateway where no NodePort is.
 * Where there is no gateway (hosts that are containers or machines) each node serves the port on its own address.
 */
function localhostPlaces(port: ServicePort, context: PlanContext): Place[] {
  if (context.network === 'loopback') {
    const at = placePort(port.port, context)
    return [{ address: machineAddress, port: at, scope: 'shared', ranged: true }]
  }
  const [address] = context.nodePortAddresses
  if (address === undefined || (port.nodePort !== 0 && context.hasGateway)) return []
  // Through the gateway everybody comes as the machine; without it clients have their own addresses.
  return [{ address, port: port.port, scope: 'node', ranged: !context.hasGateway }]
}

/** What shall be open on the person's machine; who asks from there comes as 127.0.0.1. */
function gatewayPorts(port: ServicePort, context: PlanContext): GatewayPort[] {
  const [address] = context.nodePortAddresses
  const { protocol, nodePort } = port
  if (context.network === 'loopback' || address === undefined || protocol === 'SCTP') return []
  const target = formatHostPort({ host: address, port: nodePort || port.port })
  const wished: GatewayPort[] = []
  if (nodePort !== 0 && context.hasLocalhostNodePorts)
    wished.push({ protocol, port: nodePort, target })
  if (port.isOnLocalhost && admitsMachine(port)) wished.push({ protocol, port: port.port, target })
  return wished
}

function admitsMachine({ sourceRanges }: ServicePort): boolean {
  const machine = parseIp(machineAddress)!
  return sourceRanges.length === 0 || sourceRanges.some((range) => cidrContains(range, machine))
}

function placePort(port: number, { network, portFloor }: PlanContext): number {
  return network === 'loopback' ? shiftPort(port, portFloor) : port
}

/** Distinct addresses, as load balancers count a node's endpoints (upstream: LocalReadyEndpoints). */
function countAddresses(endpoints: readonly Endpoint[]): number {
  return new Set(endpoints.map(({ address }) => address)).size
}
