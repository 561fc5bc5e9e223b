import type { NetworkPolicyPort } from '@kemu/api'

/** Which end of a packet the policy's peers are at. */
export type Direction = 'ingress' | 'egress'

/** The address at which the peers are: who sends to the pod, or to whom it sends. */
export function peerSide(direction: Direction): 'saddr' | 'daddr' {
  return direction === 'ingress' ? 'saddr' : 'daddr'
}

/** Ports by number in one match per protocol: `meta l4proto tcp th dport { 80, 8000-8100 }`. */
export function numberedPorts(ports: readonly NetworkPolicyPort[]): string[] {
  const byProtocol = new Map<string, string[] | 'all'>()
  for (const { protocol = 'TCP', port, endPort } of ports) {
    const name = protocol.toLowerCase()
    const before = byProtocol.get(name) ?? []
    if (typeof port === 'string' || before === 'all') continue
    if (port === undefined) byProtocol.set(name, 'all')
    else byProtocol.set(name, [...before, endPort === undefined ? `${port}` : `${port}-${endPort}`])
  }
  return [...byProtocol].map(([name, list]) =>
    list === 'all'
      ? `meta l4proto ${name}`
      : `meta l4proto ${name} th dport { ${[...new Set(list)].join(', ')} }`,
  )
}

/** Ports that each pod has under a name of its own. */
export function namedPorts(
  ports: readonly NetworkPolicyPort[],
): { readonly name: string; readonly protocol: string }[] {
  return ports.flatMap(({ port, protocol = 'TCP' }) =>
    typeof port === 'string' ? [{ name: port, protocol: protocol.toLowerCase() }] : [],
  )
}

/** `ip saddr 10.0.0.0/8 ip saddr != { 10.1.0.0/16 }` */
export function blockMatch(
  side: 'saddr' | 'daddr',
  { cidr, except = [] }: { readonly cidr: string; readonly except?: readonly string[] },
): string {
  const within = `ip ${side} ${cidr}`
  return except.length === 0 ? within : `${within} ip ${side} != { ${except.join(', ')} }`
}
