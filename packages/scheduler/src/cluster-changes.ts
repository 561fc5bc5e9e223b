import { deepEqual } from '@kemu/api'
import type { KubeObject, Namespace, Node, Pod } from '@kemu/api'
import type { ClusterChange, EventAction, EventResource } from './queue/requeue-events.ts'

/** What of a node's update matters to scheduling; undefined: nothing does. */
export function nodeChange(old: Node, node: Node): ClusterChange | undefined {
  const actions: EventAction[] = []
  if (!deepEqual(old.status?.allocatable, node.status?.allocatable))
    actions.push('UpdateNodeAllocatable')
  if (!deepEqual(old.metadata.labels, node.metadata.labels)) actions.push('UpdateNodeLabel')
  if (!deepEqual(old.spec?.taints ?? [], node.spec?.taints ?? [])) actions.push('UpdateNodeTaint')
  if (old.spec?.unschedulable && !node.spec?.unschedulable) actions.push('UpdateNodeUnschedulable')
  return change('Node', actions, old, node)
}

/** What of an update of a pod matters to it or to others. */
export function podChange(
  resource: 'AssignedPod' | 'UnscheduledPod',
  old: Pod,
  pod: Pod,
): ClusterChange | undefined {
  const actions: EventAction[] = []
  if (!deepEqual(old.metadata.labels ?? {}, pod.metadata.labels ?? {}))
    actions.push('UpdatePodLabel')
  if (!sameRequests(old, pod)) actions.push('UpdatePodRequest')
  if (!deepEqual(old.spec.tolerations ?? [], pod.spec.tolerations ?? []))
    actions.push('UpdatePodTolerations')
  if ((old.spec.schedulingGates ?? []).length > 0 && (pod.spec.schedulingGates ?? []).length === 0)
    actions.push('UpdatePodSchedulingGates')
  if (!deepEqual(old.spec.nodeSelector, pod.spec.nodeSelector)) actions.push('Update')
  return change(resource, actions, old, pod)
}

/** Only a namespace's labels matter: terms of pod affinity select by them. */
export function namespaceChange(old: Namespace, namespace: Namespace): ClusterChange | undefined {
  const same = deepEqual(old.metadata.labels ?? {}, namespace.metadata.labels ?? {})
  return change('Namespace', same ? [] : ['Update'], old, namespace)
}

export function added(resource: EventResource, object: KubeObject): ClusterChange {
  return { resource, actions: ['Add'], label: `${resource}Add`, object }
}

export function updated(
  resource: EventResource,
  old: KubeObject,
  object: KubeObject,
): ClusterChange {
  return { resource, actions: ['Update'], label: `${resource}Update`, old, object }
}

export function deleted(resource: EventResource, old: KubeObject): ClusterChange {
  return { resource, actions: ['Delete'], label: `${resource}Delete`, old }
}

function change(
  resource: EventResource,
  actions: readonly EventAction[],
  old: KubeObject,
  object: KubeObject,
): ClusterChange | undefined {
  if (actions.length === 0) return undefined
  return { resource, actions, label: `${resource}Update`, old, object }
}

function sameRequests(old: Pod, pod: Pod): boolean {
  const requests = ({ spec }: Pod): unknown =>
    [...(spec.initContainers ?? []), ...spec.containers].map((c) => c.resources?.requests ?? {})
  return deepEqual(requests(old), requests(pod))
}
