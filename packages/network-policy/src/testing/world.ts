import type { NetworkPolicy } from '@kemu/api'
import type { NamespaceFacts, PodFacts } from '../facts.ts'
import type { PolicyWorld } from '../plan/policy-world.ts'

export const nodeName = 'n1'

export function pod(
  key: string,
  address: string,
  labels: Record<string, string> = {},
  over: Partial<PodFacts> = {},
): PodFacts {
  return { key, namespace: key.split('/')[0]!, labels, address, nodeName, ports: [], ...over }
}

export function namespace(name: string, labels: Record<string, string> = {}): NamespaceFacts {
  return { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } }
}

export function policy(
  key: string,
  spec: Omit<NetworkPolicy['spec'], 'podSelector'> & Partial<NetworkPolicy['spec']>,
): NetworkPolicy {
  const [space, name] = key.split('/')
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: name!,
      namespace: space!,
      uid: key,
      creationTimestamp: '2026-01-01T00:00:00Z',
      resourceVersion: '1',
    },
    spec: { podSelector: {}, ...spec },
  }
}

export function world(over: Partial<PolicyWorld>): PolicyWorld {
  return {
    nodeName,
    podCidr: '10.244.1.0/24',
    policies: [],
    pods: [],
    namespaces: [namespace('default'), namespace('other')],
    ...over,
  }
}
