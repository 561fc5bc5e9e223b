import type { Rejection } from './status.ts'

/** Why a pod found no node: what its event and condition will say. */
export interface Diagnosis {
  readonly nodeCount: number
  /** Why each node was rejected, by node name. */
  readonly rejections: ReadonlyMap<string, Rejection>
  /** A plugin said no to all nodes at once; its words stand in place of the count by reasons. */
  readonly preFilter?: Rejection
}

/** The plugins that said no: their events bring the pod back. */
export function rejectingPlugins({ rejections, preFilter }: Diagnosis): Set<string> {
  const plugins = new Set([...rejections.values()].map((rejection) => rejection.plugin))
  if (preFilter) plugins.add(preFilter.plugin)
  return plugins
}

/** Upstream's FitError: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function fitMessage(diagnosis: Diagnosis, postFilter = ''): string {
  const { nodeCount, preFilter } = diagnosis
  if (nodeCount === 0) return 'no nodes available to schedule pods'
  const why = preFilter ? preFilter.reasons.join(', ') : countReasons(diagnosis.rejections.values())
  const message = `0/${nodeCount} nodes are available: ${why}.`
  return postFilter === '' ? message : `${message} ${postFilter}`
}

/** `2 reason, 1 other`, sorted as text. */
export function countReasons(rejections: Iterable<Rejection>): string {
  const counts = new Map<string, number>()
  for (const { reasons } of rejections)
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const texts = [...counts].map(([reason, count]) => `${count} ${reason}`)
  return texts.sort((a, b) => (a < b ? -1 : 1)).join(', ')
}
