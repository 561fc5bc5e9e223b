import { formatTime, parseTime } from '@kemu/api'
import type { Deployment, DeploymentCondition, DeploymentStatus } from '@kemu/api'

/** 2^31 - 1 seconds stands for no deadline (HasProgressDeadline). */
const noDeadline = 2 ** 31 - 1

export function progressDeadlineMs({ spec }: Deployment): number | undefined {
  const seconds = spec.progressDeadlineSeconds
  return seconds === undefined || seconds === noDeadline ? undefined : seconds * 1000
}

export function conditionOf(
  conditions: readonly DeploymentCondition[],
  type: string,
): DeploymentCondition | undefined {
  return conditions.find((condition) => condition.type === type)
}

export interface ConditionText {
  readonly type: 'Available' | 'Progressing' | 'ReplicaFailure'
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

/** Sets a condition; one with the same status and reason stays as it is (SetDeploymentCondition). */
export function setCondition(
  conditions: readonly DeploymentCondition[],
  text: ConditionText,
  nowMs: number,
): DeploymentCondition[] {
  const old = conditionOf(conditions, text.type)
  if (old?.status === text.status && old.reason === text.reason) return [...conditions]
  return replaceCondition(conditions, text, nowMs)
}

/** The same, but the update time and the message always change. */
export function replaceCondition(
  conditions: readonly DeploymentCondition[],
  text: ConditionText,
  nowMs: number,
): DeploymentCondition[] {
  const now = formatTime(nowMs)
  const old = conditionOf(conditions, text.type)
  const lastTransitionTime = old?.status === text.status ? (old.lastTransitionTime ?? now) : now
  return [
    ...removeCondition(conditions, text.type),
    { ...text, lastUpdateTime: now, lastTransitionTime },
  ]
}

export function removeCondition(
  conditions: readonly DeploymentCondition[],
  type: string,
): DeploymentCondition[] {
  return conditions.filter((condition) => condition.type !== type)
}

export function deploymentComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = deployment.spec.replicas ?? 1
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  )
}

/** Whether the new status is nearer to the end than the old one. */
export function deploymentProgressing(old: DeploymentStatus, status: DeploymentStatus): boolean {
  const oldSets = (s: DeploymentStatus): number => (s.replicas ?? 0) - (s.updatedReplicas ?? 0)
  return (
    (status.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    oldSets(status) < oldSets(old) ||
    (status.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  )
}

export function deploymentTimedOut(
  deployment: Deployment,
  conditions: readonly DeploymentCondition[],
  nowMs: number,
): boolean {
  const deadlineMs = progressDeadlineMs(deployment)
  const progressing = conditionOf(conditions, 'Progressing')
  if (deadlineMs === undefined || !progressing) return false
  if (progressing.reason === 'NewReplicaSetAvailable') return false
  if (progressing.reason === 'ProgressDeadlineExceeded') return true
  return parseTime(progressing.lastUpdateTime ?? '') + deadlineMs < nowMs
}
