import type { Deployment, ReplicaSet } from '@kemu/api'
import { annotations, maxSurge, sizeAnnotations } from './revision.ts'

export interface Scale {
  readonly set: ReplicaSet
  readonly to: number
}

/** Sizes that one plan gives to ReplicaSets, on top of what they have. */
export class Sizing {
  readonly #sizes = new Map<string, Scale>()

  sizeOf(set: ReplicaSet): number {
    return this.#sizes.get(set.metadata.uid)?.to ?? set.spec.replicas ?? 1
  }

  /** True when that changes anything. */
  scale(set: ReplicaSet, to: number): boolean {
    if (this.sizeOf(set) === to) return false
    this.write(set, to)
    return true
  }

  /** Plans a write of the set even where its size stays. */
  write(set: ReplicaSet, to: number): void {
    this.#sizes.set(set.metadata.uid, { set, to })
  }

  total(sets: readonly ReplicaSet[]): number {
    return sets.reduce((sum, set) => sum + this.sizeOf(set), 0)
  }

  get scales(): Scale[] {
    return [...this.#sizes.values()]
  }
}

/** Whether the Deployment was scaled since its sets were sized: some active set tells another wish. */
export function isScalingEvent(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some((set) => {
    const desired = set.metadata.annotations?.[annotations.desired]
    if (desired === undefined || (set.spec.replicas ?? 1) === 0) return false
    return Number(desired) !== (deployment.spec.replicas ?? 1)
  })
}

/**
 * Sizes for a Deployment that is paused or was scaled in the middle of a rollout: the one active set takes all; with
 * several, each grows or shrinks in proportion, so that the mix of versions stays (dc.scale).
 */
export function planScaling(
  deployment: Deployment,
  newest: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  sizing: Sizing,
): void {
  const wanted = deployment.spec.replicas ?? 1
  const active = old.filter((set) => sizing.sizeOf(set) > 0)
  const only = activeOrLatest(newest, active, old, sizing)
  if (only) {
    resize(deployment, only, wanted, sizing)
    return
  }
  if (newest && saturated(deployment, newest)) {
    for (const set of active) sizing.scale(set, 0)
    return
  }
  if ((deployment.spec.strategy?.type ?? 'RollingUpdate') !== 'RollingUpdate') return
  scaleInProportion(deployment, [...active, ...(newest ? [newest] : [])], sizing)
}

/** The one set that holds pods, or the newest when none does; undefined when several do. */
function activeOrLatest(
  newest: ReplicaSet | undefined,
  activeOld: readonly ReplicaSet[],
  old: readonly ReplicaSet[],
  sizing: Sizing,
): ReplicaSet | undefined {
  const active = [...activeOld, ...(newest && sizing.sizeOf(newest) > 0 ? [newest] : [])]
  if (active.length > 1) return undefined
  return active[0] ?? newest ?? old.at(-1)
}

function saturated(deployment: Deployment, set: ReplicaSet): boolean {
  const wanted = deployment.spec.replicas ?? 1
  const desired = Number(set.metadata.annotations?.[annotations.desired] ?? Number.NaN)
  return (
    (set.spec.replicas ?? 1) === wanted &&
    desired === wanted &&
    (set.status.availableReplicas ?? 0) === wanted
  )
}

function scaleInProportion(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  sizing: Sizing,
): void {
  const active = sets.filter((set) => sizing.sizeOf(set) > 0)
  const wanted = deployment.spec.replicas ?? 1
  const allowed = wanted > 0 ? wanted + maxSurge(deployment) : 0
  const toAdd = allowed - sizing.total(active)
  const ordered = [...active].sort((a, b) => bySize(a, b) || (toAdd > 0 ? -1 : 1) * byAge(a, b))
  let added = 0
  const sizes = ordered.map((set) => {
    const share = clampTo(fraction(deployment, set), toAdd - added)
    added += share
    return (set.spec.replicas ?? 1) + share
  })
  // What rounding left over goes to the largest set.
  sizes[0] = Math.max(0, sizes[0]! + toAdd - added)
  for (const [i, set] of ordered.entries()) resize(deployment, set, sizes[i]!, sizing)
}

/** Writes a set that keeps its size too, if its annotations tell an old wish: else it would be a scaling event forever. */
function resize(deployment: Deployment, set: ReplicaSet, to: number, sizing: Sizing): void {
  const wish = Object.entries(sizeAnnotations(deployment))
  if (wish.every(([key, value]) => set.metadata.annotations?.[key] === value)) sizing.scale(set, to)
  else sizing.write(set, to)
}

const bySize = (a: ReplicaSet, b: ReplicaSet): number =>
  (b.spec.replicas ?? 1) - (a.spec.replicas ?? 1)
const byAge = (a: ReplicaSet, b: ReplicaSet): number =>
  a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1

function fraction(deployment: Deployment, set: ReplicaSet): number {
  const size = set.spec.replicas ?? 1
  const wanted = deployment.spec.replicas ?? 1
  if (wanted === 0) return -size
  const before =
    Number(set.metadata.annotations?.[annotations.max] ?? 0) || (deployment.status.replicas ?? 0)
  if (before === 0) return 0
  return Math.round((size * (wanted + maxSurge(deployment))) / before) - size
}

function clampTo(share: number, left: number): number {
  if (left === 0) return 0
  return left > 0 ? Math.min(share, left) : Math.max(share, left)
}

/** The set as it is written: its size, and what the Deployment wanted then. */
export function scaledSet(deployment: Deployment, set: ReplicaSet, to: number): ReplicaSet {
  return {
    ...set,
    metadata: {
      ...set.metadata,
      annotations: { ...set.metadata.annotations, ...sizeAnnotations(deployment) },
    },
    spec: { ...set.spec, replicas: to },
  }
}
