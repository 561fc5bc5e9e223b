import type { Node } from '@kemu/api'

/** Where a node is: what routes to its pods need to know. */
export interface NodePlace {
  readonly name: string
  readonly address: string
  /** Of its pods, IPv4. */
  readonly podCidr: string
}

/** Undefined while the node has no address or no pod CIDR. */
export function placeOf(node: Node): NodePlace | undefined {
  const { spec, status, metadata } = node
  const address = status?.addresses?.find(
    ({ type, address: text }) => type === 'InternalIP' && !text.includes(':'),
  )
  const podCidr = [...(spec?.podCIDRs ?? []), spec?.podCIDR ?? ''].find(
    (cidr) => cidr !== '' && !cidr.includes(':'),
  )
  if (!address || podCidr === undefined) return undefined
  return { name: metadata.name, address: address.address, podCidr }
}

export function isSamePlace(a: NodePlace | undefined, b: NodePlace | undefined): boolean {
  return a?.address === b?.address && a?.podCidr === b?.podCidr
}
