import type { LabelSelector, Pod, PodAffinityTerm, PodCondition } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import { qosClassOf } from '../../../pod/qos-class.ts'
import { isPodTerminal } from '../../../pod/conditions.ts'
import { formatTime } from '../../../time.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { keepStatus } from '../../definition/status-subresource.ts'
import type { Strategy } from '../../kind-definition.ts'
import { mirrorServiceAccountName, setPodDefaults } from '../../pod-spec/defaults.ts'
import { validatePodUpdate } from './update-validation.ts'
import { validatePod } from './validation.ts'
import { podWarnings } from './warnings.ts'

/** registry/core/pod podStrategy */
export const podStrategy: Partial<Strategy<Pod>> = {
  setDefaults: setPodDefaults,
  prepareForCreate(pod, { nowMs }) {
    startGeneration(pod)
    mirrorServiceAccountName(pod.spec)
    pod.status = { phase: 'Pending' }
    pod.status.qosClass = qosClassOf(pod)
    if ((pod.spec.schedulingGates ?? []).length > 0) pod.status.conditions = [gated(nowMs)]
    addLabelKeys(pod)
  },
  prepareForUpdate(pod, old) {
    keepStatus(pod, old)
    if (!deepEqual(pod.spec, old.spec)) mirrorServiceAccountName(pod.spec)
    advanceWithSpec(pod, old)
  },
  validate: validatePod,
  validateUpdate: validatePodUpdate,
  warnings: podWarnings,
  gracePeriodSeconds(pod, requested) {
    if (!pod.spec.nodeName || isPodTerminal(pod)) return 0
    const seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 0
    return seconds < 0 ? 1 : seconds
  },
}

function gated(nowMs: number): PodCondition {
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    lastProbeTime: null,
    lastTransitionTime: formatTime(nowMs),
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  }
  // Written even though it is never set, as the server writes it for all conditions of pods.
  return condition as unknown as PodCondition
}

/** matchLabelKeys become requirements with the pod's own values (KEP-3633, KEP-3243). */
function addLabelKeys({ spec, metadata }: Pod): void {
  const labels = metadata.labels ?? {}
  for (const part of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    const preferred = (part?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      ({ podAffinityTerm }) => podAffinityTerm,
    )
    const required = part?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    for (const term of [...preferred, ...required]) addTermKeys(term, labels)
  }
  for (const { labelSelector, matchLabelKeys } of spec.topologySpreadConstraints ?? [])
    requireValues(labelSelector, matchLabelKeys, 'In', labels)
}

function addTermKeys(term: PodAffinityTerm, labels: Record<string, string>): void {
  requireValues(term.labelSelector, term.matchLabelKeys, 'In', labels)
  requireValues(term.labelSelector, term.mismatchLabelKeys, 'NotIn', labels)
}

function requireValues(
  selector: LabelSelector | undefined,
  keys: readonly string[] | undefined,
  operator: 'In' | 'NotIn',
  labels: Record<string, string>,
): void {
  if (!selector) return
  for (const key of keys ?? []) {
    const value = labels[key]
    if (value === undefined) continue
    selector.matchExpressions = [
      ...(selector.matchExpressions ?? []),
      { key, operator, values: [value] },
    ]
  }
}
