import { deepCopy, podFitsNodeSelector } from '@kemu/api'
import type { DaemonSet, Node, NodeSelectorTerm, PodTemplateSpec, Toleration } from '@kemu/api'
import { untoleratedTaint, wellKnownTaints } from '@kemu/controller-runtime'

export const revisionHashLabel = 'controller-revision-hash'
const generationLabel = 'pod-template-generation'
const generationAnnotation = 'deprecated.daemonset.template.generation'

/** The template of the set's pods: with the tolerations that every daemon has, and the labels of its revision. */
export function daemonTemplate(set: DaemonSet, hash: string): PodTemplateSpec {
  const template = deepCopy(set.spec.template)
  const generation = set.metadata.annotations?.[generationAnnotation]
  const labels: Record<string, string> = {
    ...template.metadata?.labels,
    ...(generation !== undefined && { [generationLabel]: generation }),
    [revisionHashLabel]: hash,
  }
  const tolerations = withDaemonTolerations(
    template.spec?.tolerations ?? [],
    template.spec?.hostNetwork ?? false,
  )
  return {
    metadata: { ...template.metadata, labels },
    spec: { ...template.spec!, tolerations },
  }
}

/** A daemon pod's node is fixed by its affinity; the scheduler still binds it (KEP-548). */
export function onNode(template: PodTemplateSpec, nodeName: string): PodTemplateSpec {
  const { affinity } = template.spec!
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const fields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }]
  const terms: NodeSelectorTerm[] = (required?.nodeSelectorTerms ?? [{}]).map((term) => ({
    ...term,
    matchFields: fields,
  }))
  return {
    ...template,
    spec: {
      ...template.spec!,
      affinity: {
        ...affinity,
        nodeAffinity: {
          ...affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms },
        },
      },
    },
  }
}

/** The node that a daemon pod runs on or is meant for. */
export function nodeOfDaemonPod(pod: {
  spec: { nodeName?: string; affinity?: DaemonAffinity }
}): string {
  if (pod.spec.nodeName) return pod.spec.nodeName
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
      ?.nodeSelectorTerms ?? []
  for (const term of terms)
    for (const { key, operator, values } of term.matchFields ?? [])
      if (key === 'metadata.name' && operator === 'In' && values?.length === 1) return values[0]!
  return ''
}

type DaemonAffinity = NonNullable<NonNullable<PodTemplateSpec['spec']>['affinity']>

export interface NodeFit {
  readonly shouldRun: boolean
  /** A pod that is there may stay: false once a NoExecute taint that it does not tolerate came. */
  readonly mayStay: boolean
}

/** Whether a daemon belongs on the node (NodeShouldRunDaemonPod). Readiness does not count; taints and affinity do. */
export function nodeFit(set: DaemonSet, node: Node): NodeFit {
  const spec = daemonTemplate(set, '').spec!
  const pod = { ...unplaced, spec }
  if (spec.nodeName && spec.nodeName !== node.metadata.name)
    return { shouldRun: false, mayStay: false }
  if (!podFitsNodeSelector(pod, node)) return { shouldRun: false, mayStay: false }
  const { taints } = node.spec ?? {}
  if (untoleratedTaint(taints, spec.tolerations, ['NoExecute']))
    return { shouldRun: false, mayStay: false }
  if (untoleratedTaint(taints, spec.tolerations, ['NoSchedule']))
    return { shouldRun: false, mayStay: true }
  return { shouldRun: true, mayStay: true }
}

const unplaced = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: '', uid: '', resourceVersion: '', creationTimestamp: '' },
  status: {},
}

/** AddOrUpdateDaemonPodTolerations: a daemon stays through everything that happens to its node. */
function withDaemonTolerations(
  tolerations: readonly Toleration[],
  hostNetwork: boolean,
): Toleration[] {
  const { notReady, unreachable, diskPressure, memoryPressure } = wellKnownTaints
  const { pidPressure, unschedulable, networkUnavailable } = wellKnownTaints
  const of = (key: string, effect: string): Toleration => ({ key, operator: 'Exists', effect })
  const own = [
    of(notReady, 'NoExecute'),
    of(unreachable, 'NoExecute'),
    of(diskPressure, 'NoSchedule'),
    of(memoryPressure, 'NoSchedule'),
    of(pidPressure, 'NoSchedule'),
    of(unschedulable, 'NoSchedule'),
    ...(hostNetwork ? [of(networkUnavailable, 'NoSchedule')] : []),
  ]
  const same = (a: Toleration, b: Toleration): boolean =>
    a.key === b.key &&
    a.effect === b.effect &&
    (a.operator ?? 'Equal') === b.operator &&
    (a.value ?? '') === (b.value ?? '')
  return [
    ...tolerations,
    ...own.filter((toleration) => !tolerations.some((t) => same(t, toleration))),
  ]
}

export function podIsOfRevision(
  pod: { metadata: { labels?: Record<string, string> } },
  set: DaemonSet,
  hash: string,
): boolean {
  const labels = pod.metadata.labels ?? {}
  const generation = set.metadata.annotations?.[generationAnnotation]
  return (
    labels[revisionHashLabel] === hash ||
    (generation !== undefined &&
      labels[generationLabel] === generation &&
      labels[revisionHashLabel] === undefined)
  )
}
