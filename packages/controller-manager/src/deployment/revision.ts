import type { Deployment, ReplicaSet } from '@kemu/api'
import { amountOrShare } from '../pods/percentage.ts'

export const annotations = {
  revision: 'deployment.kubernetes.io/revision',
  history: 'deployment.kubernetes.io/revision-history',
  desired: 'deployment.kubernetes.io/desired-replicas',
  max: 'deployment.kubernetes.io/max-replicas',
  lastApplied: 'kubectl.kubernetes.io/last-applied-configuration',
  rollbackTo: 'deprecated.deployment.rollback.to',
} as const

export const hashLabel = 'pod-template-hash'

/** Annotations of a Deployment that its ReplicaSets do not inherit. */
const ownAnnotations: ReadonlySet<string> = new Set(Object.values(annotations))

/** The revision history annotation is cut at this length (maxRevHistoryLengthInChars). */
const historyLengthMax = 2000

/** The revision, a 64-bit number upstream; 0 when there is none that can be read. */
export function revisionOf({
  annotations: all,
}: Pick<ReplicaSet['metadata'], 'annotations'>): bigint {
  const text = all?.[annotations.revision] ?? ''
  return /^\d+$/.test(text) ? BigInt(text) : 0n
}

/** The annotations that the newest ReplicaSet of this revision must have (SetNewReplicaSetAnnotations). */
export function newSetAnnotations(
  deployment: Deployment,
  set: { annotations?: Record<string, string> } | undefined,
  revision: bigint,
): Record<string, string> {
  const old = set?.annotations ?? {}
  const next = { ...old }
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {}))
    if (!ownAnnotations.has(key)) next[key] = value
  const oldRevision = revisionOf({ annotations: old })
  if (oldRevision < revision) {
    next[annotations.revision] = String(revision)
    if (set && old[annotations.revision] !== undefined)
      next[annotations.history] = longerHistory(old[annotations.history], String(oldRevision))
  }
  return set ? next : { ...next, ...sizeAnnotations(deployment) }
}

function longerHistory(history: string | undefined, revision: string): string {
  const parts = history ? history.split(',') : []
  parts.push(revision)
  while (parts.length > 1 && parts.join(',').length > historyLengthMax) parts.shift()
  return parts.join(',')
}

/** How large the Deployment wanted to be when it last sized the set: how scaling is told from rolling. */
export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const replicas = deployment.spec.replicas ?? 1
  return {
    [annotations.desired]: String(replicas),
    [annotations.max]: String(replicas + maxSurge(deployment)),
  }
}

export function isRolling({ spec }: Deployment): boolean {
  return (spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
}

export function maxSurge(deployment: Deployment): number {
  return isRolling(deployment) ? fenceposts(deployment).surge : 0
}

export function maxUnavailable(deployment: Deployment): number {
  const replicas = deployment.spec.replicas ?? 1
  if (!isRolling(deployment) || replicas === 0) return 0
  return Math.min(fenceposts(deployment).unavailable, replicas)
}

/** Surge rounds up, unavailability down; both 0 would stop every rollout, so one pod may be unavailable then. */
function fenceposts({ spec }: Deployment): { surge: number; unavailable: number } {
  const replicas = spec.replicas ?? 1
  const surge = amountOrShare(spec.strategy?.rollingUpdate?.maxSurge, replicas, 'up')
  const unavailable = amountOrShare(spec.strategy?.rollingUpdate?.maxUnavailable, replicas, 'down')
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}
