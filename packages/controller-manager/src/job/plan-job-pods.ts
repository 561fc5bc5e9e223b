import type { Pod } from '@kemu/api'
import { choosePodsToDelete } from '../pods/deletion-order.ts'
import { completionIndexOf, indexesOfPods, isIndexed } from './completion-index.ts'
import { backoffLeftMs } from './failure-backoff.ts'
import type { FailureRecord } from './failure-backoff.ts'
import { finishedAtMs, replacesOnlyFailed } from './finished-pod.ts'
import { failuresOfIndex } from './index-failures.ts'
import type { JobView } from './observe-job.ts'

export type JobPodsPlan =
  | { readonly kind: 'enough' }
  /** One pod for each entry; undefined: a pod without an index. */
  | { readonly kind: 'create'; readonly indexes: readonly (number | undefined)[] }
  | { readonly kind: 'delete'; readonly pods: readonly Pod[] }
  /** Pods are missing and made when the back-off is over. */
  | { readonly kind: 'wait'; readonly ms: number }

/** MaxPodCreateDeletePerSync. */
const burst = 500

/** One pass over a job that goes on (manageJob). */
export function planJobPods(view: JobView, failures: FailureRecord, nowMs: number): JobPodsPlan {
  const { job, active } = view
  if (job.spec.suspend) return remove(active)
  const wanted = wantedActive(view)
  const surplus = surplusPods(view, Math.max(0, active.length - wanted))
  if (surplus.length > 0) return remove(surplus.slice(0, burst))
  const leaving = replacesOnlyFailed(job) ? view.terminatingCount : 0
  const missing = Math.min(burst, wanted - leaving - active.length)
  if (missing <= 0) return { kind: 'enough' }
  const isPerIndex = job.spec.backoffLimitPerIndex !== undefined
  const ms = isPerIndex ? 0 : backoffLeftMs(failures, nowMs)
  if (ms > 0) return { kind: 'wait', ms }
  if (!isIndexed(job)) return { kind: 'create', indexes: Array.from({ length: missing }) }
  const pending = pendingIndexes(view, missing)
  return isPerIndex ? settlePerIndex(view, pending, nowMs) : create(pending)
}

function remove(pods: readonly Pod[]): JobPodsPlan {
  return pods.length === 0 ? { kind: 'enough' } : { kind: 'delete', pods }
}

function create(indexes: readonly number[]): JobPodsPlan {
  return indexes.length === 0 ? { kind: 'enough' } : { kind: 'create', indexes }
}

function wantedActive({ job, active, succeededCount }: JobView): number {
  const { completions, parallelism = 1 } = job.spec
  // A job without a number of completions starts nothing more once one pod has succeeded.
  if (completions === undefined) return succeededCount > 0 ? active.length : parallelism
  return Math.max(0, Math.min(parallelism, completions - succeededCount))
}

/** Pods of indexes that the job has not, and all but one of each index, go in any case. */
function surplusPods(view: JobView, atLeast: number): Pod[] {
  const { job, active } = view
  const surplus: Pod[] = []
  let left = active
  if (isIndexed(job)) {
    for (const [index, pods] of podsByIndex(view)) {
      const count = index === undefined ? pods.length : pods.length - 1
      surplus.push(...choosePodsToDelete(pods, count, new Map()))
    }
    left = active.filter((pod) => !surplus.includes(pod))
  }
  const more = Math.max(0, atLeast - surplus.length)
  return [...surplus, ...choosePodsToDelete(left, more, new Map())]
}

function podsByIndex({ job, active }: JobView): Map<number | undefined, Pod[]> {
  const byIndex = new Map<number | undefined, Pod[]>()
  for (const pod of active) {
    const index = completionIndexOf(pod, job)
    byIndex.set(index, [...(byIndex.get(index) ?? []), pod])
  }
  return byIndex
}

function pendingIndexes(view: JobView, count: number): number[] {
  const { job, active, pods, succeededIndexes, failedIndexes } = view
  const leaving = replacesOnlyFailed(job)
    ? pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined)
    : []
  const taken = indexesOfPods([...active, ...leaving], job)
  const pending: number[] = []
  for (let i = 0; i < (job.spec.completions ?? 0) && pending.length < count; i++)
    if (!taken.has(i) && !succeededIndexes.has(i) && failedIndexes?.has(i) !== true) pending.push(i)
  return pending
}

/** Each index has a back-off of its own: those that may start do, else the soonest is waited for. */
function settlePerIndex(view: JobView, pending: readonly number[], nowMs: number): JobPodsPlan {
  const leftMs = (index: number): number => {
    const pod = view.lastFailures.get(index)
    if (!pod) return 0
    const count = failuresOfIndex(pod).total + 1
    return backoffLeftMs({ count, lastMs: finishedAtMs(pod) }, nowMs)
  }
  const ready = pending.filter((index) => leftMs(index) === 0)
  if (ready.length > 0 || pending.length === 0) return create(ready)
  return { kind: 'wait', ms: Math.min(...pending.map(leftMs)) }
}
