import type { NetworkDriver } from './capabilities.ts'

/** Every address range of a cluster. */
export interface AddressPlan {
  readonly driver: NetworkDriver
  /** The hosts' own network. */
  readonly nodeCidr: string
  readonly podCidr: string
  /** Length of each node's part of podCidr. */
  readonly nodeCidrMaskSize: number
  readonly serviceCidr: string
}

/** On a fabric of its own a cluster has kubeadm's usual ranges; nobody else sees them. */
export const netnsPlan: AddressPlan = {
  driver: 'netns',
  nodeCidr: '172.18.0.0/16',
  podCidr: '10.244.0.0/16',
  nodeCidrMaskSize: 24,
  serviceCidr: '10.96.0.0/12',
}

/**
 * On loopback the cluster lives in 127.<block>.0.0/16: hosts in 127.b.0.0/18, services in 127.b.64.0/18, pods in
 * 127.b.128.0/17 with a /24 for each of up to 128 nodes.
 */
export function loopbackPlan(block: number): AddressPlan {
  return {
    driver: 'loopback',
    nodeCidr: `127.${block}.0.0/18`,
    podCidr: `127.${block}.128.0/17`,
    nodeCidrMaskSize: 24,
    serviceCidr: `127.${block}.64.0/18`,
  }
}

/** The address at a place in a CIDR: 0 is its first address. */
export function addressAt(cidr: string, offset: number): string {
  const [base, bits] = cidr.split('/') as [string, string]
  const size = 2 ** (32 - Number(bits))
  if (offset < 0 || offset >= size) throw new RangeError(`${cidr} has no address ${offset}`)
  const number = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + offset
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
}

/** Host n of a cluster, counted from 0: .10 and up, as people count them. */
export function nodeAddress(plan: AddressPlan, index: number): string {
  return addressAt(plan.nodeCidr, 10 + index)
}

/** kubeadm's rule: the tenth address of the service range. */
export function dnsAddress(plan: AddressPlan): string {
  return addressAt(plan.serviceCidr, 10)
}

/** The service `kubernetes`: the first address of the service range. */
export function apiServiceAddress(plan: AddressPlan): string {
  return addressAt(plan.serviceCidr, 1)
}
