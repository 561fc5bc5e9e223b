import { createHash } from 'node:crypto'
import { selectorOf } from '@kemu/api'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '@kemu/api'
import type { PodFacts } from '../facts.ts'
import type { FilterChain, FilterSet, FilterTable } from '../table/filter-table.ts'
import { blockMatch, namedPorts, numberedPorts, peerSide } from './match.ts'
import type { Direction } from './match.ts'
import { podsOfPeer, selectedPods } from './peers.ts'
import type { PolicyWorld } from './policy-world.ts'

/** A rule of a policy, whichever way it looks. */
interface Rule {
  readonly peers: readonly NetworkPolicyPeer[]
  readonly ports: readonly NetworkPolicyPort[]
}

interface Parts {
  readonly sets: Map<string, FilterSet>
  readonly chains: Map<string, FilterChain>
}

const directions: readonly Direction[] = ['egress', 'ingress']
/** What is allowed needs no look at the way back, nor at what the network says about it. */
const answers = ['ct state related return', 'ct direction reply return']

/**
 * Pure: the packet filter of one node. A packet that goes through the node is first held against what its sender's
 * policies let out (priority 10), then against what its receiver's let in (11): both have to. Every packet of the way
 * out is looked at, not just the first, so a policy that denies a running connection ends it. What a process of the
 * node itself says or hears is not forwarded, hence always allowed, as the API demands for the kubelet's probes.
 *
 * @returns undefined where no policy is: then there is no table
 */
export function planTable(world: PolicyWorld): FilterTable | undefined {
  const { policies, nodeName } = world
  if (policies.length === 0) return undefined
  const parts: Parts = { sets: new Map(), chains: new Map() }
  const local = world.pods.filter((pod) => pod.nodeName === nodeName && pod.address !== undefined)
  const unknown = unknownPods(world, local, parts)
  for (const direction of directions) {
    const side = direction === 'egress' ? 'saddr' : 'daddr'
    const isolated = new Map<string, string>()
    for (const pod of local) {
      const chain = podChain(pod, direction, world, parts)
      if (chain !== undefined) isolated.set(pod.address!, `goto ${chain}`)
    }
    const map = `pods-${direction}`
    parts.sets.set(map, {
      kind: 'map',
      type: 'ipv4_addr : verdict',
      comment: `pods that policies isolate for ${direction}`,
      elements: isolated,
    })
    parts.chains.set(`forward-${direction}`, {
      hook: `type filter hook forward priority ${direction === 'egress' ? 10 : 11} ;`,
      rules: [...answers, ...unknown(side), `ip ${side} vmap @${map}`],
    })
  }
  return parts
}

/** A pod that has an address and is not known yet may be isolated: nothing passes until it is known. */
function unknownPods(
  { podCidr }: PolicyWorld,
  local: readonly PodFacts[],
  { sets }: Parts,
): (side: 'saddr' | 'daddr') => string[] {
  if (podCidr === undefined) return () => []
  sets.set('pods-known', {
    kind: 'set',
    type: 'ipv4_addr',
    comment: 'pods of this node that policies were held against',
    elements: new Map(local.map(({ address }) => [address!, ''])),
  })
  return (side) => [`ip ${side} ${podCidr} ip ${side} != @pods-known drop comment "not known yet"`]
}

/** The chain of an isolated pod: what any of its policies allows, and nothing else. Undefined: it is not isolated. */
function podChain(
  pod: PodFacts,
  direction: Direction,
  world: PolicyWorld,
  parts: Parts,
): string | undefined {
  const policies = world.policies.filter(
    (policy) =>
      policy.metadata.namespace === pod.namespace &&
      isFor(policy, direction) &&
      selectorOf(policy.spec.podSelector ?? {}).matches(pod.labels),
  )
  if (policies.length === 0) return undefined
  const name = `pod-${hashed(`${pod.key}/${direction}`)}`
  // A pod cannot be kept from itself.
  const itself = `ip ${peerSide(direction)} ${pod.address} accept`
  const jumps = policies.map((policy) => `jump ${policyChain(policy, direction, world, parts)}`)
  parts.chains.set(name, { rules: [itself, ...jumps, 'drop'] })
  return name
}

function isFor({ spec }: NetworkPolicy, direction: Direction): boolean {
  const type = direction === 'ingress' ? 'Ingress' : 'Egress'
  return (spec.policyTypes ?? []).includes(type)
}

/** What one policy allows in one direction, for all pods that it selects. */
function policyChain(
  policy: NetworkPolicy,
  direction: Direction,
  world: PolicyWorld,
  parts: Parts,
): string {
  const base = hashed(`${policy.metadata.namespace}/${policy.metadata.name}/${direction}`)
  const name = `policy-${base}`
  if (parts.chains.has(name)) return name
  const rules = rulesOf(policy, direction).flatMap((rule, i) =>
    ruleLines(rule, { policy, direction, world, parts, setBase: `${base}/${i}` }),
  )
  parts.chains.set(name, { rules })
  return name
}

function rulesOf({ spec }: NetworkPolicy, direction: Direction): Rule[] {
  return direction === 'ingress'
    ? (spec.ingress ?? []).map(({ from = [], ports = [] }) => ({ peers: from, ports }))
    : (spec.egress ?? []).map(({ to = [], ports = [] }) => ({ peers: to, ports }))
}

interface RuleContext {
  readonly policy: NetworkPolicy
  readonly direction: Direction
  readonly world: PolicyWorld
  readonly parts: Parts
  readonly setBase: string
}

/** Every peer with every port; no peers are all, no ports are all. */
function ruleLines(rule: Rule, context: RuleContext): string[] {
  const peers = peerMatches(rule, context)
  const ports = [...numberedPorts(rule.ports), ...namedMatch(rule, context)]
  if (rule.ports.length === 0) return peers.map((peer) => join(peer, 'accept'))
  return peers.flatMap((peer) => ports.map((port) => join(peer, port, 'accept')))
}

function peerMatches({ peers }: Rule, context: RuleContext): string[] {
  if (peers.length === 0) return ['']
  const { policy, direction, world, parts, setBase } = context
  const side = peerSide(direction)
  const blocks = peers.flatMap(({ ipBlock }) =>
    // Pods have IPv4 addresses only.
    ipBlock && !ipBlock.cidr.includes(':') ? [blockMatch(side, ipBlock)] : [],
  )
  if (peers.every(({ ipBlock }) => ipBlock)) return blocks
  const namespace = policy.metadata.namespace!
  const pods = peers.flatMap((peer) => selectedPods(peer, namespace, world))
  const elements = pods.flatMap(({ address }) =>
    address === undefined ? [] : [[address, ''] as const],
  )
  const set = `peers-${setBase}`
  parts.sets.set(set, { kind: 'set', type: 'ipv4_addr', elements: new Map(elements) })
  return [`ip ${side} @${set}`, ...blocks]
}

/** A port's name means what it means in the pod that is spoken to: the selected one, or the peer. */
function namedMatch({ peers, ports }: Rule, context: RuleContext): string[] {
  const named = namedPorts(ports)
  if (named.length === 0) return []
  const { policy, direction, world, parts, setBase } = context
  const namespace = policy.metadata.namespace!
  const spokenTo =
    direction === 'ingress'
      ? selectedPods({ podSelector: policy.spec.podSelector ?? {} }, namespace, world)
      : peers.length === 0
        ? world.pods
        : peers.flatMap((peer) => podsOfPeer(peer, namespace, world))
  const elements = new Map<string, string>()
  for (const { address, ports: has } of spokenTo)
    for (const { name, protocol, port } of has)
      if (address !== undefined && named.some((n) => n.name === name && n.protocol === protocol))
        elements.set(`${address} . ${protocol} . ${port}`, '')
  const set = `ports-${setBase}`
  parts.sets.set(set, {
    kind: 'set',
    type: 'ipv4_addr . inet_proto . inet_service',
    elements,
  })
  return [`ip daddr . meta l4proto . th dport @${set}`]
}

/** Unique even where nft's limit of 255 bytes cuts a name. */
function hashed(name: string): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return `${hash}-${name}`.slice(0, 200)
}

function join(...words: readonly string[]): string {
  return words.filter((word) => word !== '').join(' ')
}
