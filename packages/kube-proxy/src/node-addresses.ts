import { networkInterfaces } from 'node:os'
import type { Node } from '@kemu/api'
import { cidrContains, parseIp } from '@kemu/network/address'
import type { Cidr } from '@kemu/network/address'

/** The node's own addresses, first the one that it is known by; empty while its kubelet has not told any. */
export function nodeAddresses(node: Node): string[] {
  const addresses = (node.status.addresses ?? []).filter(({ address }) => parseIp(address))
  const internal = addresses.filter(({ type }) => type === 'InternalIP')
  const external = addresses.filter(({ type }) => type === 'ExternalIP')
  return [...new Set([...internal, ...external].map(({ address }) => address))]
}

/** Addresses of this machine's interfaces within the blocks: what nodePortAddresses asks for. */
export function interfaceAddresses(blocks: readonly Cidr[]): string[] {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return all
    .map(({ address }) => address)
    .filter((text) => {
      const address = parseIp(text)
      return address !== undefined && blocks.some((block) => cidrContains(block, address))
    })
}
