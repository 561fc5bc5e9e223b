import type { Node, Pod } from '@kemu/api'
import { formatTable } from '../output/table.ts'
import { isNodeReady } from '../cluster/wait.ts'

/** What `kubectl get nodes -o wide` would show. */
export function nodeTable(nodes: readonly Node[]): string {
  return formatTable(
    ['NAME', 'STATUS', 'ROLES', 'VERSION', 'INTERNAL-IP', 'CONTAINER-RUNTIME'],
    nodes.map((node) => [
      node.metadata.name,
      isNodeReady(node) ? 'Ready' : 'NotReady',
      rolesOf(node),
      node.status?.nodeInfo?.kubeletVersion ?? '',
      node.status?.addresses?.find((a) => a.type === 'InternalIP')?.address ?? '<none>',
      node.status?.nodeInfo?.containerRuntimeVersion ?? '',
    ]),
  )
}

function rolesOf(node: Node): string {
  const prefix = 'node-role.kubernetes.io/'
  const roles = Object.keys(node.metadata.labels ?? {})
    .filter((label) => label.startsWith(prefix))
    .map((label) => label.slice(prefix.length))
  return roles.length > 0 ? roles.sort().join(',') : '<none>'
}

/** What `kubectl get pods -o wide` would show. */
export function podTable(pods: readonly Pod[]): string {
  return formatTable(
    ['NAME', 'READY', 'STATUS', 'IP', 'NODE'],
    pods.map((pod) => {
      const statuses = pod.status?.containerStatuses ?? []
      return [
        pod.metadata.name,
        `${statuses.filter((s) => s.ready).length}/${pod.spec?.containers.length ?? 0}`,
        pod.status?.phase ?? '',
        pod.status?.podIP ?? '<none>',
        pod.spec?.nodeName ?? '<none>',
      ]
    }),
  )
}
