import type { Pod } from '../../../generated/types.ts'
import { isPodConditionTrue } from '../../../pod/conditions.ts'
import { summarizePod } from '../../../pod/summary.ts'
import { age, ageColumn, text, wide } from '../../columns/column.ts'
import { since } from '../../columns/since.ts'
import type { TableDefinition } from '../../kind-definition.ts'

export const podTable: TableDefinition<Pod> = {
  columns: [
    text('Ready', 'How many of the containers are ready.'),
    text('Status', 'The phase, or what says more about the state of the containers.'),
    text('Restarts', 'How often containers were started again, and how long ago the last time.'),
    ageColumn,
    wide('IP', "The pod's first address."),
    wide('Node', 'The node that the pod is bound to.'),
    wide('Nominated Node', 'The node where room is being made for the pod.'),
    wide('Readiness Gates', 'How many of the additional readiness conditions hold.'),
  ],
  cells(pod, nowMs) {
    const summary = summarizePod(pod)
    const ago = since(summary.lastRestart, nowMs)
    return [
      `${summary.readyContainers}/${summary.totalContainers}`,
      summary.status,
      summary.restarts > 0 && summary.lastRestart !== ''
        ? `${summary.restarts} (${ago} ago)`
        : String(summary.restarts),
      age(pod, nowMs),
      pod.status?.podIPs?.[0]?.ip || '<none>',
      pod.spec.nodeName || '<none>',
      pod.status?.nominatedNodeName || '<none>',
      readinessGates(pod),
    ]
  },
  conditions(pod) {
    switch (pod.status?.phase) {
      case 'Succeeded':
        return [completed('Succeeded', 'The pod has completed successfully.')]
      case 'Failed':
        return [completed('Failed', 'The pod failed.')]
      default:
        return []
    }
  },
}

function completed(reason: string, message: string) {
  return { type: 'Completed', status: 'True', reason, message }
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const open = gates.filter(({ conditionType }) => isPodConditionTrue(pod, conditionType))
  return `${open.length}/${gates.length}`
}
