import { formatCidr } from '@kemu/network/address'
import type { Cidr } from '@kemu/network/address'
import type { ElementContainer } from './service-rules.ts'
import { elementContainers } from './service-rules.ts'

/** Family and name of the one table in which everything is. */
export const table = 'ip kube-proxy'

export interface BaseContext {
  readonly clusterCidr: Cidr | undefined
  /** Addresses of the node that node ports are open on. */
  readonly nodePortAddresses: readonly string[]
  /** The bit of the packet mark that asks for masquerading: 0x4000. */
  readonly masqueradeMark: number
  readonly masqueradeAll: boolean
}

interface BaseChain {
  readonly type: 'filter' | 'nat'
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting'
  /** -110: before DNAT; -100 dstnat; 0 filter; 100 srcnat. Numbers, for nft refuses the word dstnat in output. */
  readonly priority: -110 | -100 | 0 | 100
  readonly rules: readonly string[]
}

const ifNew = 'ct state new'

const baseChains: Readonly<Record<string, BaseChain>> = {
  'filter-prerouting-pre-dnat': {
    type: 'filter',
    hook: 'prerouting',
    priority: -110,
    rules: [`${ifNew} jump firewall-check`],
  },
  'filter-output-pre-dnat': {
    type: 'filter',
    hook: 'output',
    priority: -110,
    rules: [`${ifNew} jump firewall-check`],
  },
  'filter-input': {
    type: 'filter',
    hook: 'input',
    priority: 0,
    rules: [`${ifNew} jump nodeport-endpoints-check`, `${ifNew} jump service-endpoints-check`],
  },
  'filter-forward': {
    type: 'filter',
    hook: 'forward',
    priority: 0,
    rules: [`${ifNew} jump service-endpoints-check`, `${ifNew} jump cluster-ips-check`],
  },
  'filter-output': {
    type: 'filter',
    hook: 'output',
    priority: 0,
    rules: [`${ifNew} jump service-endpoints-check`, `${ifNew} jump cluster-ips-check`],
  },
  'nat-prerouting': { type: 'nat', hook: 'prerouting', priority: -100, rules: ['jump services'] },
  'nat-output': { type: 'nat', hook: 'output', priority: -100, rules: ['jump services'] },
  'nat-postrouting': {
    type: 'nat',
    hook: 'postrouting',
    priority: 100,
    rules: ['jump masquerading'],
  },
}

const byAddress = 'ipv4_addr . inet_proto . inet_service'
const byPort = 'inet_proto . inet_service'
const containerTypes: Readonly<Record<ElementContainer, readonly [type: string, comment: string]>> =
  {
    'cluster-ips': ['ipv4_addr', 'Active ClusterIPs'],
    'service-ips': [`${byAddress} : verdict`, 'ClusterIP, ExternalIP and LoadBalancer IP traffic'],
    'service-nodeports': [`${byPort} : verdict`, 'NodePort traffic'],
    'no-endpoint-services': [
      `${byAddress} : verdict`,
      'vmap to drop or reject packets to services with no endpoints',
    ],
    'no-endpoint-nodeports': [
      `${byPort} : verdict`,
      'vmap to drop or reject packets to service nodeports with no endpoints',
    ],
    'firewall-ips': [
      `${byAddress} : verdict`,
      'destinations that are subject to LoadBalancerSourceRanges',
    ],
    'hairpin-connections': [
      'ipv4_addr . ipv4_addr . inet_proto . inet_service',
      'service hairpin connections',
    ],
  }

/** `mark set mark or 0x4000`: asks for masquerading on the way out. */
export function markForMasquerade(mark: number): string {
  return `meta mark set meta mark | ${hex(mark)}`
}

/**
 * The frame that services are hung into: hooks, dispatch, masquerading and refusal, as upstream lays it out. Written at
 * each start; the chains of services are not touched by it.
 */
export function baseTransaction(context: BaseContext): string[] {
  const lines = [`add table ${table} { comment "rules for kube-proxy" ; }`]
  // Added and deleted once: what an earlier version hooked in elsewhere comes back as it is wanted now.
  for (const name of Object.keys(baseChains))
    lines.push(`add chain ${table} ${name}`, `delete chain ${table} ${name}`)
  for (const [name, { type, hook, priority }] of Object.entries(baseChains))
    lines.push(`add chain ${table} ${name} { type ${type} hook ${hook} priority ${priority} ; }`)
  for (const [name, [type, comment]] of Object.entries(containerTypes)) {
    const kind = elementContainers[name as ElementContainer]
    lines.push(`add ${kind} ${table} ${name} { type ${type} ; comment "${comment}" ; }`)
  }
  lines.push(
    `add set ${table} nodeport-ips { type ipv4_addr ; comment "IPs that accept NodePort traffic" ; }`,
    `flush set ${table} nodeport-ips`,
  )
  if (context.nodePortAddresses.length > 0)
    lines.push(`add element ${table} nodeport-ips { ${context.nodePortAddresses.join(', ')} }`)
  const chains = ordinaryChains(context)
  for (const name of Object.keys(chains)) {
    const comment = chainComments[name]
    const body = comment === undefined ? '' : ` { comment "${comment}" ; }`
    lines.push(`add chain ${table} ${name}${body}`, `flush chain ${table} ${name}`)
  }
  for (const [name, { rules }] of Object.entries(baseChains)) chains[name] = rules
  for (const [name, rules] of Object.entries(chains))
    for (const rule of rules) lines.push(`add rule ${table} ${name} ${rule}`)
  return lines
}

const chainComments: Readonly<Record<string, string>> = {
  'reject-chain': 'helper for @no-endpoint-services / @no-endpoint-nodeports',
}

function ordinaryChains(context: BaseContext): Record<string, readonly string[]> {
  const mark = hex(context.masqueradeMark)
  const to = 'ip daddr . meta l4proto . th dport'
  return {
    services: [
      ...masqueradedClusterIps(context),
      `${to} vmap @service-ips`,
      'ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports',
    ],
    // Not fully-random, as upstream's: under a port drawn anew, an endpoint that remembers a connection of that port
    // in TIME_WAIT drops the next one's first packet: each port's timestamps count from another start (RFC 7323 5.3).
    masquerading: [
      `meta mark & ${mark} != 0 meta mark set meta mark ^ ${mark} masquerade`,
      'ct status dnat ip saddr . ip daddr . meta l4proto . th dport @hairpin-connections masquerade',
    ],
    'service-endpoints-check': [`${to} vmap @no-endpoint-services`],
    'nodeport-endpoints-check': [
      'ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports',
    ],
    'firewall-check': [`${to} vmap @firewall-ips`],
    'cluster-ips-check': [
      'ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"',
    ],
    'reject-chain': ['reject'],
  }
}

function masqueradedClusterIps(context: BaseContext): string[] {
  const mark = markForMasquerade(context.masqueradeMark)
  if (context.masqueradeAll)
    return [`ip daddr @cluster-ips ${mark} comment "masquerade all clusterIP traffic"`]
  if (!context.clusterCidr) return []
  const outside = `ip saddr != ${formatCidr(context.clusterCidr)}`
  return [
    `ip daddr @cluster-ips ${outside} ${mark} comment "masquerade clusterIP traffic from outside cluster"`,
  ]
}

function hex(mark: number): string {
  return `0x${mark.toString(16)}`
}
