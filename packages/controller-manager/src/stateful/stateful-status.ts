import type { Pod, StatefulSet } from '@kemu/api'
import { podAvailable, podReady } from '@kemu/controller-runtime'
import type { StatefulInput } from './plan-stateful-set.ts'
import { revisionOf } from './stateful-pod.ts'

/** The counts of the set; a rollout that has reached every pod makes its revision the current one. */
export function statefulStatus(input: StatefulInput): StatefulSet['status'] {
  const { set, pods, current, update, nowMs } = input
  const seconds = set.spec.minReadySeconds ?? 0
  const isRunning = (pod: Pod): boolean => pod.status?.phase === 'Running' && podReady(pod)
  const ofRevision = (name: string): number =>
    pods.filter((pod) => !input.isTerminating(pod) && revisionOf(pod) === name).length
  const wanted = set.spec.replicas ?? 1
  const status = {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: pods.filter(isRunning).length,
    availableReplicas: pods.filter((pod) => isRunning(pod) && podAvailable(pod, seconds, nowMs))
      .length,
    currentReplicas: ofRevision(current.metadata.name),
    updatedReplicas: ofRevision(update.metadata.name),
    currentRevision: current.metadata.name,
    updateRevision: update.metadata.name,
    collisionCount: set.status.collisionCount ?? 0,
  }
  const { updatedReplicas, readyReplicas, replicas } = status
  const isDone = [updatedReplicas, readyReplicas, replicas].every((count) => count === wanted)
  const settled =
    isDone && set.spec.updateStrategy?.type !== 'OnDelete'
      ? { currentReplicas: updatedReplicas, currentRevision: status.updateRevision }
      : {}
  return withoutZeros({ ...status, ...settled }, set)
}

/** Counts that the API leaves out when they are 0. */
function withoutZeros(
  status: StatefulSet['status'],
  { status: before }: StatefulSet,
): StatefulSet['status'] {
  const next = { ...status, ...(before.conditions && { conditions: before.conditions }) }
  for (const count of ['readyReplicas', 'currentReplicas', 'updatedReplicas'] as const)
    if (next[count] === 0) delete next[count]
  return next
}
