import type { Deployment, ReplicaSet } from '@kemu/api'
import { byCreation } from './replica-set-family.ts'
import { isRolling, maxSurge, maxUnavailable } from './revision.ts'
import type { Sizing } from './sizing.ts'

/** How large the newest set may be now: all for Recreate, else what the surge leaves room for (NewRSNewReplicas). */
export function newestSize(deployment: Deployment, newestNow: number, totalNow: number): number {
  const wanted = deployment.spec.replicas ?? 1
  if (!isRolling(deployment)) return wanted
  const room = wanted + maxSurge(deployment) - totalNow
  if (room <= 0) return newestNow
  return newestNow + Math.min(room, wanted - newestNow)
}

/** One step of a rolling update: grow the newest set, or shrink old ones as far as availability allows. */
export function planRolling(
  deployment: Deployment,
  newest: ReplicaSet,
  old: readonly ReplicaSet[],
  sizing: Sizing,
): void {
  const wanted = deployment.spec.replicas ?? 1
  const now = sizing.sizeOf(newest)
  const next = now > wanted ? wanted : newestSize(deployment, now, sizing.total([...old, newest]))
  if (sizing.scale(newest, next)) return
  shrinkOld(deployment, newest, old, sizing)
}

function shrinkOld(
  deployment: Deployment,
  newest: ReplicaSet,
  old: readonly ReplicaSet[],
  sizing: Sizing,
): void {
  const active = old.filter((set) => sizing.sizeOf(set) > 0).sort(byCreation)
  if (active.length === 0) return
  const minAvailable = (deployment.spec.replicas ?? 1) - maxUnavailable(deployment)
  const newestUnavailable = sizing.sizeOf(newest) - (newest.status.availableReplicas ?? 0)
  const total = sizing.total([...old, newest])
  const shrinkMax = total - minAvailable - newestUnavailable
  if (shrinkMax <= 0) return
  // Pods that serve nobody go first, whatever the availability is.
  shrink(active, shrinkMax, sizing, (set) => sizing.sizeOf(set) - available(set))
  const availableNow = [...old, newest].reduce((sum, set) => sum + available(set), 0)
  shrink(active, availableNow - minAvailable, sizing, (set) => sizing.sizeOf(set))
}

function shrink(
  sets: readonly ReplicaSet[],
  countMax: number,
  sizing: Sizing,
  removable: (set: ReplicaSet) => number,
): void {
  let left = countMax
  for (const set of sets) {
    const count = Math.min(left, removable(set))
    if (count <= 0) continue
    sizing.scale(set, sizing.sizeOf(set) - count)
    left -= count
  }
}

function available(set: ReplicaSet): number {
  return set.status.availableReplicas ?? 0
}
