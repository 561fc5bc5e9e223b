import type {
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from '../../../generated/types.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'

interface Part {
  readonly ports: readonly { port: NetworkPolicyPort; path: FieldPath }[]
  readonly peers: readonly { peer: NetworkPolicyPeer; path: FieldPath }[]
}

/** Rules of both directions, with the path of each port and peer. */
export function policyParts(spec: NetworkPolicySpec): Part[] {
  const part = (
    path: FieldPath,
    name: string,
    ports: readonly NetworkPolicyPort[] = [],
    peers: readonly NetworkPolicyPeer[] = [],
  ): Part => ({
    ports: ports.map((port, i) => ({ port, path: path.child('ports').index(i) })),
    peers: peers.map((peer, i) => ({ peer, path: path.child(name).index(i) })),
  })
  const at = fieldPath('spec')
  return [
    ...(spec.ingress ?? []).map(({ ports, from }, i) =>
      part(at.child('ingress').index(i), 'from', ports, from),
    ),
    ...(spec.egress ?? []).map(({ ports, to }, i) =>
      part(at.child('egress').index(i), 'to', ports, to),
    ),
  ]
}

export function policyPorts(spec: NetworkPolicySpec): Part['ports'] {
  return policyParts(spec).flatMap(({ ports }) => ports)
}

export function policyPeers(spec: NetworkPolicySpec): Part['peers'] {
  return policyParts(spec).flatMap(({ peers }) => peers)
}
