import type { Node } from '../../../generated/types.ts'
import { age, ageColumn, text, wide } from '../../columns/column.ts'
import type { TableDefinition } from '../../kind-definition.ts'

const rolePrefix = 'node-role.kubernetes.io/'
const roleLabel = 'kubernetes.io/role'

export const nodeTable: TableDefinition<Node> = {
  columns: [
    text('Status', 'Ready or not, and whether pods may be scheduled to it.'),
    text('Roles', "The roles that the node's labels name."),
    ageColumn,
    text('Version', 'The version of its kubelet.'),
    wide('Internal-IP', 'Its first internal address.'),
    wide('External-IP', 'Its first external address.'),
    wide('OS-Image', 'The operating system.'),
    wide('Kernel-Version', 'The kernel and the architecture.'),
    wide('Container-Runtime', 'The container runtime and its version.'),
  ],
  cells(node, nowMs) {
    const info = node.status?.nodeInfo
    const architecture = info?.architecture ? ` (${info.architecture})` : ''
    return [
      readiness(node),
      roles(node),
      age(node, nowMs),
      info?.kubeletVersion ?? '',
      address(node, 'InternalIP'),
      address(node, 'ExternalIP'),
      info?.osImage || '<unknown>',
      `${info?.kernelVersion || '<unknown>'}${architecture}`,
      info?.containerRuntimeVersion || '<unknown>',
    ]
  },
}

function readiness({ spec, status }: Node): string {
  const ready = status?.conditions?.findLast(({ type }) => type === 'Ready')
  const word = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown'
  return spec?.unschedulable ? `${word},SchedulingDisabled` : word
}

function roles({ metadata }: Node): string {
  const found = new Set<string>()
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(rolePrefix)) found.add(key.slice(rolePrefix.length))
    else if (key === roleLabel) found.add(value)
  }
  found.delete('')
  return [...found].sort().join(',') || '<none>'
}

function address({ status }: Node, wanted: string): string {
  return status?.addresses?.find(({ type }) => type === wanted)?.address ?? '<none>'
}
