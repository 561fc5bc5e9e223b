import type { Namespace, Pod } from '@kemu/api'
import { canonicalIp } from '@kemu/network/address'

type Labels = Readonly<Record<string, string>>

/** What a policy can see of a pod. Whole objects would be kept for every pod of the cluster. */
export interface PodFacts {
  /** `namespace/name`. */
  readonly key: string
  readonly namespace: string
  readonly labels: Labels
  /** Undefined while it has none. */
  readonly address: string | undefined
  readonly nodeName: string
  readonly ports: readonly PodPort[]
}

export interface PodPort {
  readonly name: string
  /** tcp, udp or sctp. */
  readonly protocol: string
  readonly port: number
}

/** Undefined for a pod that no policy speaks of: one in its host's network, or one that has ended. */
export function podFacts({ metadata, spec, status }: Pod): PodFacts | undefined {
  const hasEnded = status.phase === 'Succeeded' || status.phase === 'Failed'
  if (spec.hostNetwork || hasEnded) return undefined
  const namespace = metadata.namespace ?? ''
  // Sidecars are init containers that stay.
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  return {
    key: `${namespace}/${metadata.name}`,
    namespace,
    labels: metadata.labels ?? {},
    address: status.podIP === undefined ? undefined : canonicalIp(status.podIP),
    nodeName: spec.nodeName ?? '',
    ports: containers.flatMap(({ ports = [] }) =>
      ports
        .filter(({ name }) => name !== undefined)
        .map(({ name, protocol = 'TCP', containerPort }) => ({
          name: name!,
          protocol: protocol.toLowerCase(),
          port: containerPort,
        })),
    ),
  }
}

export interface NamespaceFacts {
  readonly name: string
  readonly labels: Labels
}

export function namespaceFacts({ metadata }: Namespace): NamespaceFacts {
  return { name: metadata.name, labels: metadata.labels ?? {} }
}
