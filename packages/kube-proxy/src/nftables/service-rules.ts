import { cidrContains, formatCidr, parseIp } from '@kemu/network/address'
import type { Cidr } from '@kemu/network/address'
import type { Endpoint } from '../plan/endpoint.ts'
import type { PlannedPort } from '../plan/planned-port.ts'
import { isExternallyAccessible } from '../plan/service-port.ts'
import type { ServicePort } from '../plan/service-port.ts'
import { endpointNames, serviceChains } from './chain-names.ts'
import type { ServiceChains } from './chain-names.ts'

/** The table's maps and sets that services fill, by upstream's names. */
export const elementContainers = {
  'cluster-ips': 'set',
  'service-ips': 'map',
  'service-nodeports': 'map',
  'no-endpoint-services': 'map',
  'no-endpoint-nodeports': 'map',
  'firewall-ips': 'map',
  'hairpin-connections': 'set',
} as const
export type ElementContainer = keyof typeof elementContainers

/** One element of a map or set: `10.96.0.1 . tcp . 443` and, of a map, its verdict. */
export interface Element {
  readonly container: ElementContainer
  readonly key: string
  /** `goto service-...` or `drop`; '' in a set. */
  readonly verdict: string
  readonly comment?: string
}

/** Everything in the table that is there for one service. */
export interface ServiceRules {
  /** Chains with their rules, in order. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** Sets of clients that keep to an endpoint, with their time-out in seconds. */
  readonly affinitySets: ReadonlyMap<string, number>
  readonly elements: readonly Element[]
}

export interface RuleContext {
  /** The pods' block: who comes from there is inside. Undefined: nobody is known to be. */
  readonly clusterCidr: Cidr | undefined
  /** The node's own address. */
  readonly nodeAddress: string
  /** Statement that marks a packet for masquerading. */
  readonly masquerade: string
}

/** Pure: the rules that carry a service's ports, as upstream's nftables mode writes them (pkg/proxy/nftables). */
export function planRules(ports: readonly PlannedPort[], context: RuleContext): ServiceRules {
  const plans = ports.map((planned) => portRules(planned, context))
  return {
    chains: new Map(plans.flatMap(({ chains }) => [...chains])),
    affinitySets: new Map(plans.flatMap(({ affinitySets }) => [...affinitySets])),
    elements: plans.flatMap(({ elements }) => elements),
  }
}

function portRules(planned: PlannedPort, context: RuleContext): ServiceRules {
  const { port, cluster, local } = planned
  const names = serviceChains(port)
  const chains = new Map<string, readonly string[]>()
  if (cluster.length > 0) chains.set(names.cluster, balance(port, cluster))
  if (local.length > 0) chains.set(names.local, balance(port, local))
  if (planned.hasEndpoints && isExternallyAccessible(port))
    chains.set(names.external, externalRules(planned, names, context))
  if (hasFirewall(port)) chains.set(names.firewall, [firewallRule(port, context)])

  const affinitySets = new Map<string, number>()
  if (port.affinityMs !== undefined) {
    for (const endpoint of distinct([...cluster, ...local])) {
      const { chain, affinitySet } = endpointNames(port, endpoint)
      affinitySets.set(affinitySet, Math.ceil(port.affinityMs / 1000))
      chains.set(chain, [
        `update @${affinitySet} { ip saddr }`,
        `meta l4proto ${lower(port)} dnat to ${endpoint.address}:${endpoint.port}`,
      ])
    }
  }
  return { chains, affinitySets, elements: elementsOf(planned, names) }
}

/** Each endpoint with the same probability; with session affinity first the one that the client had. */
function balance(port: ServicePort, endpoints: readonly Endpoint[]): string[] {
  const count = endpoints.length
  if (port.affinityMs === undefined) {
    const choices = endpoints.map(({ address, port: to }, i) => `${i} : ${address} . ${to}`)
    return [
      `meta l4proto ${lower(port)} dnat ip addr . port to ` +
        `numgen random mod ${count} map { ${choices.join(', ')} }`,
    ]
  }
  const names = endpoints.map((endpoint) => endpointNames(port, endpoint))
  return [
    ...names.map(({ chain, affinitySet }) => `ip saddr @${affinitySet} goto ${chain}`),
    `numgen random mod ${count} vmap { ${names.map(({ chain }, i) => `${i} : goto ${chain}`).join(', ')} }`,
  ]
}

function externalRules(
  { port, cluster, local }: PlannedPort,
  names: ServiceChains,
  { clusterCidr, masquerade }: RuleContext,
): string[] {
  if (!port.isExternalLocal) {
    // The endpoint may be on another node, whose answer must come back this way.
    const toCluster = cluster.length > 0 ? [`goto ${names.cluster}`] : []
    return [`${masquerade} comment "masquerade"`, ...toCluster]
  }
  const rules: string[] = []
  if (clusterCidr)
    rules.push(
      `ip saddr ${formatCidr(clusterCidr)} goto ${names.cluster} comment "short-circuit pod traffic"`,
    )
  rules.push(
    `fib saddr type local ${masquerade} comment "masquerade local traffic"`,
    `fib saddr type local goto ${names.cluster} comment "short-circuit local traffic"`,
  )
  if (local.length > 0) rules.push(`goto ${names.local}`)
  return rules
}

function hasFirewall({ loadBalancerIps, sourceRanges }: ServicePort): boolean {
  return loadBalancerIps.length > 0 && sourceRanges.length > 0
}

function firewallRule(port: ServicePort, { nodeAddress }: RuleContext): string {
  const ranges = port.sourceRanges.map(formatCidr)
  // A load balancer's address may be local to the node, which then asks from that very address.
  const isNodeIn = port.sourceRanges.some((range) => cidrContains(range, parseIp(nodeAddress)!))
  const sources = isNodeIn ? [...ranges, ...port.loadBalancerIps] : ranges
  return `ip saddr != { ${sources.join(', ')} } drop`
}

function elementsOf(planned: PlannedPort, names: ServiceChains): Element[] {
  const { port, hasEndpoints, local, doors } = planned
  const protocol = lower(port)
  const elements: Element[] = [{ container: 'cluster-ips', key: port.clusterIp, verdict: '' }]
  const place = (address: string): string => `${address} . ${protocol} . ${port.port}`
  const serve = (container: ElementContainer, key: string, chain: string): void =>
    void elements.push({ container, key, verdict: `goto ${chain}` })
  const refuse = (container: ElementContainer, key: string): void =>
    void elements.push({
      container,
      key,
      verdict: hasEndpoints ? 'drop' : 'goto reject-chain',
      comment: port.name,
    })

  const internal = port.isInternalLocal ? names.local : names.cluster
  const hasInternal = hasEndpoints && !(port.isInternalLocal && local.length === 0)
  if (hasInternal) serve('service-ips', place(port.clusterIp), internal)
  else refuse('no-endpoint-services', place(port.clusterIp))

  const hasExternal = hasEndpoints && !(port.isExternalLocal && local.length === 0)
  const firewalled = hasFirewall(port)
  for (const address of [...port.externalIps, ...port.loadBalancerIps, ...doors]) {
    if (hasEndpoints) serve('service-ips', place(address), names.external)
    if (!hasExternal) refuse('no-endpoint-services', place(address))
  }
  if (firewalled)
    for (const address of port.loadBalancerIps)
      serve('firewall-ips', place(address), names.firewall)
  if (port.nodePort !== 0) {
    const key = `${protocol} . ${port.nodePort}`
    if (hasEndpoints) serve('service-nodeports', key, names.external)
    if (!hasExternal) refuse('no-endpoint-nodeports', key)
  }
  for (const { address, port: to, isLocal } of distinct([...planned.cluster, ...local])) {
    const key = `${address} . ${address} . ${protocol} . ${to}`
    if (isLocal) elements.push({ container: 'hairpin-connections', key, verdict: '' })
  }
  return elements
}

function distinct(endpoints: readonly Endpoint[]): Endpoint[] {
  return [...new Map(endpoints.map((e) => [`${e.address} ${e.port}`, e])).values()]
}

function lower({ protocol }: ServicePort): string {
  return protocol.toLowerCase()
}
