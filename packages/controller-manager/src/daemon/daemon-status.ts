import type { DaemonSetStatus } from '@kemu/api'
import { podAvailable, podReady } from '@kemu/controller-runtime'
import { nodeFit, podIsOfRevision } from './daemon-pod.ts'
import { oldestFirst, podsByNode } from './plan-daemon-pods.ts'
import type { DaemonInput } from './plan-daemon-pods.ts'

/** Counts over nodes; on each the oldest pod speaks for the node (updateDaemonSetStatus). */
export function planDaemonStatus(input: DaemonInput): DaemonSetStatus {
  const { set, nodes, pods, hash, nowMs } = input
  const byNode = podsByNode(pods)
  const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 }
  for (const node of nodes) {
    const { shouldRun } = nodeFit(set, node)
    const [pod] = (byNode.get(node.metadata.name) ?? []).sort(oldestFirst)
    if (!shouldRun) {
      if (pod) counts.misscheduled += 1
      continue
    }
    counts.desired += 1
    if (!pod) continue
    counts.current += 1
    if (podReady(pod)) counts.ready += 1
    if (podAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)) counts.available += 1
    if (podIsOfRevision(pod, set, hash)) counts.updated += 1
  }
  return {
    currentNumberScheduled: counts.current,
    numberMisscheduled: counts.misscheduled,
    desiredNumberScheduled: counts.desired,
    numberReady: counts.ready,
    observedGeneration: set.metadata.generation ?? 0,
    ...positive('updatedNumberScheduled', counts.updated),
    ...positive('numberAvailable', counts.available),
    ...positive('numberUnavailable', counts.desired - counts.available),
    ...(set.status.collisionCount !== undefined && { collisionCount: set.status.collisionCount }),
    ...(set.status.conditions && { conditions: set.status.conditions }),
  }
}

/** Optional counts of 0 are absent on the wire. */
function positive<Name extends string>(name: Name, count: number): Partial<Record<Name, number>> {
  return count === 0 ? {} : ({ [name]: count } as Partial<Record<Name, number>>)
}
