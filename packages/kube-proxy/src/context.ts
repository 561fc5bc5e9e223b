import { existsSync } from 'node:fs'
import type { Node } from '@kemu/api'
import { canonicalIp, cidrContains, formatIp, parseIp } from '@kemu/network/address'
import type { Cidr, HostPort } from '@kemu/network/address'
import type { ProxyConfig } from './config.ts'
import type { IsInside } from './forward/balancer.ts'
import { interfaceAddresses, nodeAddresses } from './node-addresses.ts'
import type { PlanContext } from './plan/plan-service.ts'

/** The port of the serving lease on loopback: no pod can have it, as no pod has the address that it is opened on. */
const leasePort = 10_255

/** What plans depend on, out of the configuration and this node's object. */
export function planContext(
  node: Node,
  { config, gatewaySocket }: { readonly config: ProxyConfig; readonly gatewaySocket: string },
  portFloor: number,
  carrier: PlanContext['carrier'],
): PlanContext {
  return {
    topology: {
      nodeName: node.metadata.name,
      zone: node.metadata.labels?.['topology.kubernetes.io/zone'] ?? '',
    },
    network: config.network,
    carrier,
    portFloor,
    nodePortAddresses: nodePortAddresses(node, config),
    hasLocalhostNodePorts: config.localhostNodePorts,
    hasGateway: existsSync(gatewaySocket),
  }
}

/** Clients inside the cluster: its pods and this node. */
export function isInsideOf(clusterCidrs: readonly Cidr[], own: readonly string[]): IsInside {
  const ownAddresses = new Set(own.map((address) => canonicalIp(address)))
  return (client) => {
    const address = parseIp(client)
    if (!address) return false
    return ownAddresses.has(formatIp(address)) || clusterCidrs.some((c) => cidrContains(c, address))
  }
}

/** The first address of the pods' block is no pod's: it is the block's own name. */
export function leaseAddress({ clusterCidrs }: ProxyConfig): HostPort {
  return { host: formatIp(clusterCidrs[0]!.first), port: leasePort }
}

function nodePortAddresses(node: Node, config: ProxyConfig): string[] {
  if (config.nodePortAddresses !== 'primary') return interfaceAddresses(config.nodePortAddresses)
  return config.bindAddress === '' ? nodeAddresses(node) : [config.bindAddress]
}
