import { isConflict, isNotFound, nodes } from '@kemu/api'
import type { Client } from '@kemu/client'

const label = 'node-role.kubernetes.io/control-plane'

/** Phase mark-control-plane. False when the node has not registered yet. */
export async function markControlPlane(client: Client, name: string): Promise<boolean> {
  const resource = client.resource(nodes)
  for (;;) {
    try {
      const node = await resource.get(name)
      const taints = (node.spec?.taints ?? []).filter((taint) => taint.key !== label)
      if (
        taints.length === node.spec?.taints?.length ||
        node.metadata.labels?.[label] === undefined
      ) {
        await resource.update({
          ...node,
          metadata: {
            ...node.metadata,
            labels: {
              ...node.metadata.labels,
              [label]: '',
              'node.kubernetes.io/exclude-from-external-load-balancers': '',
            },
          },
          spec: { ...node.spec, taints: [...taints, { key: label, effect: 'NoSchedule' }] },
        })
      }
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      if (!isConflict(error)) throw error
    }
  }
}
