import { cidrContains, formatCidr, parseCidr } from '@kemu/network/address'
import type { Cidr } from '@kemu/network/address'

/** How packets for another node's pods travel. */
export type Backend =
  /** By the node itself as the next hop: nodes must be on one link. */
  | { readonly kind: 'host-gw' }
  /** In UDP packets from node to node (RFC 7348). */
  | { readonly kind: 'vxlan'; readonly vni: number; readonly port: number }
  /** Addresses only: nothing is routed. */
  | { readonly kind: 'alloc' }

/** net-conf.json of the ConfigMap, in flannel's form. */
export interface NetConf {
  /** The network of all pods. */
  readonly network: Cidr
  readonly backend: Backend
}

/** A configuration that cannot be used; the message names the field. */
export class InvalidNetConf extends Error {
  override name = 'InvalidNetConf'
}

/** The port that Linux gave to VXLAN before IANA did; flannel's default too. */
const defaultVxlanPort = 8472

/** Parses it; fields that are not emulated are refused by name. Throws InvalidNetConf. */
export function parseNetConf(text: string): NetConf {
  let fields: Record<string, unknown>
  try {
    fields = JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    throw new InvalidNetConf(`net-conf.json: ${(error as Error).message}`)
  }
  const { Network, Backend = {}, ...others } = fields
  refuseOthers('', others, { EnableIPv4: true, EnableIPv6: false, EnableNFTables: undefined })
  const network = typeof Network === 'string' ? parseCidr(Network) : undefined
  if (network?.first.family !== 4)
    throw new InvalidNetConf(
      `net-conf.json: Network must be an IPv4 CIDR, not ${JSON.stringify(Network)}`,
    )
  return { network, backend: readBackend(Backend as Record<string, unknown>) }
}

/** Whether a node's pod CIDR is a part of the network. */
export function isPartOf({ network }: NetConf, podCidr: Cidr): boolean {
  return podCidr.prefixLength >= network.prefixLength && cidrContains(network, podCidr.first)
}

export function formatNetwork({ network }: NetConf): string {
  return formatCidr(network)
}

function readBackend(fields: Record<string, unknown>): Backend {
  const { Type, ...others } = fields
  switch (Type) {
    case 'host-gw':
    case 'alloc':
      refuseOthers('Backend.', others, {})
      return { kind: Type }
    case 'vxlan': {
      const { VNI = 1, Port = defaultVxlanPort, ...rest } = others
      refuseOthers('Backend.', rest, { DirectRouting: false, GBP: false, Learning: false })
      return {
        kind: 'vxlan',
        vni: readNumber('VNI', VNI, 2 ** 24),
        port: readNumber('Port', Port, 2 ** 16),
      }
    }
    default:
      throw new InvalidNetConf(
        `net-conf.json: unknown backend type: ${String(Type)} (host-gw, vxlan and alloc are known)`,
      )
  }
}

function readNumber(name: string, value: unknown, end: number): number {
  if (Number.isInteger(value) && (value as number) > 0 && (value as number) < end)
    return value as number
  throw new InvalidNetConf(
    `net-conf.json: Backend.${name} must be a number from 1 to ${end - 1}, not ${String(value)}`,
  )
}

/** @param harmless fields with the value that changes nothing; undefined: any value */
function refuseOthers(
  where: string,
  fields: Readonly<Record<string, unknown>>,
  harmless: Readonly<Record<string, unknown>>,
): void {
  for (const [name, value] of Object.entries(fields)) {
    if (name in harmless && (harmless[name] === undefined || harmless[name] === value)) continue
    throw new InvalidNetConf(
      `net-conf.json: ${where}${name}: ${JSON.stringify(value)} is not emulated`,
    )
  }
}
