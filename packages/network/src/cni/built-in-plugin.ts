import { parseIpv4Block } from '../pod/ip-pool.ts'
import { InvalidNetworkList } from './network-list.ts'
import type { NetworkList, PluginConfiguration } from './network-list.ts'

/** Type of the plugin that is no program: the runtime does its work itself. The first of its chain, or absent. */
const builtInType = 'pod-network'

/** What the configuration of the built-in plugin says. */
export interface BuiltInNetwork {
  /** Also the directory of its leases. */
  readonly name: string
  /** The node's pod CIDR. */
  readonly podCidr: string
  /** Of the pods' interfaces; undefined: the kernel's default, 1500. */
  readonly mtu: number | undefined
  /** The runtime opens the pods' host ports: the chain has a `portmap` that takes them. */
  readonly hostPorts: boolean
  /** Index of the first plugin of the chain that is a program. */
  readonly programsFrom: number
}

/**
 * The built-in network of a list; undefined when all its plugins are programs. A `portmap` right behind the built-in
 * plugin is built in too. Throws InvalidNetworkList.
 */
export function readBuiltInNetwork(list: NetworkList): BuiltInNetwork | undefined {
  const misplaced = list.plugins.findIndex(({ type }, index) => type === builtInType && index > 0)
  if (misplaced > 0)
    throw new InvalidNetworkList(
      `plugin ${JSON.stringify(builtInType)} must be the first of its list`,
    )
  const [first, second] = list.plugins
  if (first?.type !== builtInType) return undefined
  const isPortmap = second?.type === 'portmap'
  return {
    name: list.name,
    podCidr: readSubnet(first),
    mtu: readMtu(first),
    hostPorts: isPortmap && second.capabilities?.['portMappings'] === true,
    programsFrom: isPortmap ? 2 : 1,
  }
}

interface HostLocal {
  readonly type?: unknown
  readonly ranges?: readonly (readonly { readonly subnet?: unknown }[])[]
}

/** host-local's form; it is the only way of giving addresses that the built-in plugin knows. */
function readSubnet(plugin: PluginConfiguration): string {
  const ipam = (plugin['ipam'] ?? {}) as HostLocal
  if (ipam.type !== 'host-local')
    throw new InvalidNetworkList(
      `plugin ${JSON.stringify(builtInType)}: ipam.type must be "host-local", not ${JSON.stringify(ipam.type)}`,
    )
  const ranges = ipam.ranges?.flat() ?? []
  const [range] = ranges
  if (ranges.length === 1 && typeof range?.subnet === 'string' && parseIpv4Block(range.subnet))
    return range.subnet
  throw new InvalidNetworkList(
    `plugin ${JSON.stringify(builtInType)}: ipam.ranges must have one range with an IPv4 subnet`,
  )
}

/** 68 is what IPv4 asks of every link (RFC 791). */
function readMtu(plugin: PluginConfiguration): number | undefined {
  const { mtu } = plugin
  if (mtu === undefined) return undefined
  if (Number.isInteger(mtu) && (mtu as number) >= 68 && (mtu as number) <= 65_535)
    return mtu as number
  throw new InvalidNetworkList(
    `plugin ${JSON.stringify(builtInType)}: mtu ${JSON.stringify(mtu)} is no MTU`,
  )
}
