import { selectorOf } from '@kemu/api'
import type { NetworkPolicyPeer } from '@kemu/api'
import { cidrContains, parseCidr, parseIp } from '@kemu/network/address'
import type { PodFacts } from '../facts.ts'
import type { PolicyWorld } from './policy-world.ts'

type World = Pick<PolicyWorld, 'pods' | 'namespaces'>

/**
 * The pods that selectors of a peer name: without a namespace selector those of the policy's own namespace. An ipBlock
 * names none (networking/v1, NetworkPolicyPeer).
 */
export function selectedPods(
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  policyNamespace: string,
  { pods, namespaces }: World,
): PodFacts[] {
  if (ipBlock) return []
  const among = selectorOf(namespaceSelector)
  const wanted = new Set(
    namespaceSelector
      ? namespaces.filter(({ labels }) => among.matches(labels)).map(({ name }) => name)
      : [policyNamespace],
  )
  const selector = selectorOf(podSelector ?? {})
  return pods.filter(({ namespace, labels }) => wanted.has(namespace) && selector.matches(labels))
}

/** The pods whose ports may be named: those of the peer, or with an address in its block. */
export function podsOfPeer(
  peer: NetworkPolicyPeer,
  policyNamespace: string,
  world: World,
): PodFacts[] {
  const { ipBlock } = peer
  if (!ipBlock) return selectedPods(peer, policyNamespace, world)
  return world.pods.filter(
    ({ address }) =>
      isWithin(ipBlock.cidr, address) &&
      !(ipBlock.except ?? []).some((cidr) => isWithin(cidr, address)),
  )
}

function isWithin(cidr: string, address: string | undefined): boolean {
  const [block, ip] = [parseCidr(cidr), parseIp(address ?? '')]
  return block !== undefined && ip !== undefined && cidrContains(block, ip)
}
