import { formatTime } from '@kemu/api'
import type { Node, Taint } from '@kemu/api'
import { wellKnownTaints } from '@kemu/controller-runtime'
import { readinessOf } from './node-health.ts'

/** Which taint a condition means, by type and status (nodeConditionToTaintKeyStatusMap). */
const taintOfCondition: Record<string, Record<string, string>> = {
  Ready: { False: wellKnownTaints.notReady, Unknown: wellKnownTaints.unreachable },
  MemoryPressure: { True: wellKnownTaints.memoryPressure },
  DiskPressure: { True: wellKnownTaints.diskPressure },
  NetworkUnavailable: { True: wellKnownTaints.networkUnavailable },
  PIDPressure: { True: wellKnownTaints.pidPressure },
}

const managedNoSchedule: ReadonlySet<string> = new Set([
  ...Object.values(taintOfCondition).flatMap((byStatus) => Object.values(byStatus)),
  wellKnownTaints.unschedulable,
])

const managedNoExecute: ReadonlySet<string> = new Set([
  wellKnownTaints.notReady,
  wellKnownTaints.unreachable,
])

/** The node's taints with those for new pods as its conditions demand; undefined when they are. */
export function planNoScheduleTaints(node: Node, nowMs: number): Taint[] | undefined {
  const wanted = new Set<string>()
  for (const { type, status } of node.status?.conditions ?? []) {
    const key = taintOfCondition[type]?.[status]
    if (key !== undefined) wanted.add(key)
  }
  if (node.spec?.unschedulable) wanted.add(wellKnownTaints.unschedulable)
  return planTaints(node, 'NoSchedule', managedNoSchedule, wanted, nowMs)
}

/** The taint for pods that are there: what a node without a healthy kubelet should have. */
export function noExecuteTaintOf(node: Node): string | undefined {
  switch (readinessOf(node)) {
    case 'True':
      return undefined
    case 'False':
      return wellKnownTaints.notReady
    case 'Unknown':
      return wellKnownTaints.unreachable
  }
}

export function hasNoExecuteTaint(node: Node): boolean {
  return (node.spec?.taints ?? []).some(
    (taint) => taint.effect === 'NoExecute' && managedNoExecute.has(taint.key),
  )
}

/** The node's taints with this one (or none) of the two that evict; undefined when they are. */
export function planNoExecuteTaints(
  node: Node,
  key: string | undefined,
  nowMs: number,
): Taint[] | undefined {
  const wanted = new Set(key === undefined ? [] : [key])
  return planTaints(node, 'NoExecute', managedNoExecute, wanted, nowMs)
}

function planTaints(
  node: Node,
  effect: string,
  managed: ReadonlySet<string>,
  wanted: ReadonlySet<string>,
  nowMs: number,
): Taint[] | undefined {
  const taints = node.spec?.taints ?? []
  const isOurs = (taint: Taint): boolean => taint.effect === effect && managed.has(taint.key)
  const kept = taints.filter((taint) => !isOurs(taint) || wanted.has(taint.key))
  const missing = [...wanted].filter((key) => !kept.some((t) => isOurs(t) && t.key === key))
  if (kept.length === taints.length && missing.length === 0) return undefined
  const timeAdded = formatTime(nowMs)
  return [...kept, ...missing.map((key) => ({ key, effect, timeAdded }))]
}
