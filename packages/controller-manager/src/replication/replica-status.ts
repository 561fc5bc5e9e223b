import { deepEqual, formatTime } from '@kemu/api'
import type { Pod, ReplicaSetCondition, ReplicaSetStatus } from '@kemu/api'
import { podAvailableInMs, podReady } from '@kemu/controller-runtime'
import type { ReplicaOwner } from './replica-owner.ts'

export interface ReplicaObservation {
  readonly owner: ReplicaOwner
  /** Pods that run or will run. */
  readonly active: readonly Pod[]
  readonly terminatingCount: number
  /** What went wrong with creating or deleting pods in this pass. */
  readonly failure?: { readonly reason: 'FailedCreate' | 'FailedDelete'; readonly message: string }
  readonly nowMs: number
}

export interface ReplicaStatusPlan {
  /** undefined: the object says just that already. */
  readonly status?: ReplicaSetStatus
  /** When the next ready pod becomes available by minReadySeconds. */
  readonly nextAvailableInMs?: number
}

/** The status that follows from the pods. */
export function planStatus(seen: ReplicaObservation): ReplicaStatusPlan {
  const { owner, active, terminatingCount, nowMs } = seen
  const { minReadySeconds = 0, template } = owner.spec
  const labels = Object.entries(template?.metadata?.labels ?? {})
  const waits = active.map((pod) => podAvailableInMs(pod, minReadySeconds, nowMs))
  const status: ReplicaSetStatus = {
    replicas: active.length,
    fullyLabeledReplicas: active.filter(({ metadata }) =>
      labels.every(([key, value]) => metadata.labels?.[key] === value),
    ).length,
    readyReplicas: active.filter(podReady).length,
    availableReplicas: waits.filter((wait) => wait === 0).length,
    observedGeneration: owner.metadata.generation ?? 0,
    conditions: withFailure(owner.status.conditions ?? [], seen),
    // Only ReplicaSets count what terminates (KEP-3973).
    ...(owner.kind === 'ReplicaSet' && { terminatingReplicas: terminatingCount }),
  }
  const later = waits.filter((wait) => wait !== undefined && wait > 0)
  return {
    ...(!sameStatus(owner.status, status) && { status: omitZeros(status) }),
    ...(later.length > 0 && { nextAvailableInMs: Math.min(...(later as number[])) }),
  }
}

function withFailure(
  conditions: readonly ReplicaSetCondition[],
  { failure, nowMs }: ReplicaObservation,
): ReplicaSetCondition[] {
  const type = 'ReplicaFailure'
  const old = conditions.find((condition) => condition.type === type)
  const others = conditions.filter((condition) => condition.type !== type)
  if (!failure) return others
  if (old?.status === 'True' && old.reason === failure.reason) return [...conditions]
  return [...others, { type, status: 'True', ...failure, lastTransitionTime: formatTime(nowMs) }]
}

function sameStatus(a: ReplicaSetStatus, b: ReplicaSetStatus): boolean {
  return (
    a.replicas === b.replicas &&
    (a.fullyLabeledReplicas ?? 0) === b.fullyLabeledReplicas &&
    (a.readyReplicas ?? 0) === b.readyReplicas &&
    (a.availableReplicas ?? 0) === b.availableReplicas &&
    (a.terminatingReplicas ?? 0) === (b.terminatingReplicas ?? 0) &&
    a.observedGeneration === b.observedGeneration &&
    deepEqual(a.conditions ?? [], b.conditions)
  )
}

/** Counts that are 0 are left out on the wire, as upstream's omitempty does; terminatingReplicas is a pointer. */
function omitZeros(status: ReplicaSetStatus): ReplicaSetStatus {
  const { conditions, fullyLabeledReplicas, readyReplicas, availableReplicas, ...rest } = status
  return {
    ...rest,
    ...(fullyLabeledReplicas && { fullyLabeledReplicas }),
    ...(readyReplicas && { readyReplicas }),
    ...(availableReplicas && { availableReplicas }),
    ...(conditions && conditions.length > 0 && { conditions }),
  }
}
