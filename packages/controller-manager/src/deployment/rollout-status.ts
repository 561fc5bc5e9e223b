import { deepEqual, formatTime, parseTime } from '@kemu/api'
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '@kemu/api'
import {
  conditionOf,
  deploymentComplete,
  deploymentProgressing,
  deploymentTimedOut,
  progressDeadlineMs,
  removeCondition,
  replaceCondition,
  setCondition,
} from './conditions.ts'
import { maxUnavailable } from './revision.ts'
import type { Sizing } from './sizing.ts'

export interface StatusInput {
  readonly deployment: Deployment
  /** The conditions to go on from; a plan may have set one already. */
  readonly conditions: readonly DeploymentCondition[]
  readonly newest: ReplicaSet | undefined
  readonly sets: readonly ReplicaSet[]
  readonly sizing: Sizing
  readonly nowMs: number
}

/** The counts and the Available condition (calculateStatus). */
export function countStatus(input: StatusInput): DeploymentStatus {
  const { deployment, conditions, newest, sets, sizing, nowMs } = input
  const sum = (count: (set: ReplicaSet) => number | undefined): number =>
    sets.reduce((total, set) => total + (count(set) ?? 0), 0)
  const availableReplicas = sum((set) => set.status.availableReplicas)
  const enough = availableReplicas >= (deployment.spec.replicas ?? 1) - maxUnavailable(deployment)
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum((set) => set.status.replicas),
    updatedReplicas: newest?.status.replicas ?? 0,
    readyReplicas: sum((set) => set.status.readyReplicas),
    availableReplicas,
    unavailableReplicas: Math.max(0, sizing.total(sets) - availableReplicas),
    terminatingReplicas: sum((set) => set.status.terminatingReplicas),
    ...(deployment.status.collisionCount !== undefined && {
      collisionCount: deployment.status.collisionCount,
    }),
    conditions: setCondition(
      conditions,
      enough
        ? {
            type: 'Available',
            status: 'True',
            reason: 'MinimumReplicasAvailable',
            message: 'Deployment has minimum availability.',
          }
        : {
            type: 'Available',
            status: 'False',
            reason: 'MinimumReplicasUnavailable',
            message: 'Deployment does not have minimum availability.',
          },
      nowMs,
    ),
  }
}

/** The counts and how the rollout goes: complete, progressing, or past its deadline (syncRolloutStatus). */
export function rolloutStatus(input: StatusInput): DeploymentStatus {
  const { deployment, newest, sets, nowMs } = input
  const status = countStatus(input)
  let conditions = status.conditions ?? []
  if (progressDeadlineMs(deployment) === undefined)
    conditions = removeCondition(conditions, 'Progressing')
  else conditions = progress(input, status, conditions)
  const failure = failureOf(newest, sets)
  conditions = failure
    ? setFailure(conditions, failure, nowMs)
    : removeCondition(conditions, 'ReplicaFailure')
  return { ...status, conditions }
}

function progress(
  { deployment, newest, nowMs }: StatusInput,
  status: DeploymentStatus,
  conditions: DeploymentCondition[],
): DeploymentCondition[] {
  const current = conditionOf(conditions, 'Progressing')
  const wasComplete =
    status.replicas === status.updatedReplicas && current?.reason === 'NewReplicaSetAvailable'
  if (wasComplete) return conditions
  const subject = newest
    ? `ReplicaSet "${newest.metadata.name}"`
    : `Deployment "${deployment.metadata.name}"`
  const type = 'Progressing'
  if (deploymentComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`
    const reason = 'NewReplicaSetAvailable'
    return setCondition(conditions, { type, status: 'True', reason, message }, nowMs)
  }
  if (deploymentProgressing(deployment.status, status)) {
    const message = `${subject} is progressing.`
    const reason = 'ReplicaSetUpdated'
    return replaceCondition(conditions, { type, status: 'True', reason, message }, nowMs)
  }
  if (deploymentTimedOut(deployment, conditions, nowMs)) {
    const message = `${subject} has timed out progressing.`
    const reason = 'ProgressDeadlineExceeded'
    return setCondition(conditions, { type, status: 'False', reason, message }, nowMs)
  }
  return conditions
}

/** The newest set's ReplicaFailure, else that of any other (getReplicaFailures). */
function failureOf(
  newest: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
): DeploymentCondition | undefined {
  for (const set of [newest, ...sets]) {
    const failure = set?.status.conditions?.find((c) => c.type === 'ReplicaFailure')
    if (failure) return failure
  }
  return undefined
}

function setFailure(
  conditions: readonly DeploymentCondition[],
  failure: DeploymentCondition,
  nowMs: number,
): DeploymentCondition[] {
  const old = conditionOf(conditions, 'ReplicaFailure')
  if (old?.status === failure.status && old.reason === failure.reason) return [...conditions]
  const lastUpdateTime = formatTime(nowMs)
  return [
    ...removeCondition(conditions, 'ReplicaFailure'),
    { ...failure, lastUpdateTime: failure.lastTransitionTime ?? lastUpdateTime },
  ]
}

/** When to look again whether the deadline has passed; undefined: no need (requeueStuckDeployment). */
export function deadlineCheckAfterMs(
  deployment: Deployment,
  status: DeploymentStatus,
  nowMs: number,
): number | undefined {
  const deadlineMs = progressDeadlineMs(deployment)
  const progressing = conditionOf(status.conditions ?? [], 'Progressing')
  if (deadlineMs === undefined || !progressing) return undefined
  if (deploymentComplete(deployment, status)) return undefined
  if (progressing.reason === 'ProgressDeadlineExceeded') return undefined
  const leftMs = parseTime(progressing.lastUpdateTime ?? '') + deadlineMs - nowMs
  // One second more: times on the wire have whole seconds.
  return Math.max(0, leftMs) + 1000
}

/** Equal as they would stand in the store, where counts of 0 are absent. */
export function sameStatus(a: DeploymentStatus, b: DeploymentStatus): boolean {
  return deepEqual(omitZeros(a), omitZeros(b))
}

/** Counts that are 0 are left out on the wire; terminatingReplicas and collisionCount are pointers upstream. */
export function omitZeros(status: DeploymentStatus): DeploymentStatus {
  const { terminatingReplicas, collisionCount, conditions, ...counts } = status
  return {
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)),
    ...(terminatingReplicas !== undefined && { terminatingReplicas }),
    ...(collisionCount !== undefined && { collisionCount }),
    ...(conditions && conditions.length > 0 && { conditions }),
  }
}
