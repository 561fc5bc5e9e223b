import { namespaces, priorityClasses } from '@kemu/api'
import type { SystemWriter } from './system-writer.ts'

/** The namespaces that every cluster has (controlplane, systemnamespaces). */
const systemNamespaces = ['kube-system', 'kube-public', 'kube-node-lease', 'default']

export async function ensureSystemNamespaces(writer: SystemWriter): Promise<void> {
  const missing = systemNamespaces.filter((name) => !writer.find(namespaces, '', name))
  await Promise.all(
    missing.map((name) => writer.create(namespaces, { metadata: { name }, spec: {} })),
  )
}

/** scheduling.SystemPriorityClasses */
const systemPriorityClasses = [
  {
    name: 'system-node-critical',
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    name: 'system-cluster-critical',
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
]

export async function ensurePriorityClasses(writer: SystemWriter): Promise<void> {
  await Promise.all(
    systemPriorityClasses
      .filter(({ name }) => !writer.find(priorityClasses, '', name))
      .map(({ name, ...content }) =>
        writer.create(priorityClasses, { metadata: { name }, ...content }),
      ),
  )
}
