import { isPodTerminal } from '@kemu/api'
import type { Job, Pod } from '@kemu/api'
import { podActive } from '@kemu/controller-runtime'
import { completionIndexOf, indexesOfPods, isIndexed, parseIndexes } from './completion-index.ts'
import type { Indexes } from './completion-index.ts'
import { finishedAtMs, hasFailed, isTracked } from './finished-pod.ts'
import { failuresOfIndex, indexHasFailed } from './index-failures.ts'
import { judgeFailure } from './pod-failure-policy.ts'

export interface JobInput {
  readonly job: Job
  /** All pods of the job, ended and terminating ones too. */
  readonly pods: readonly Pod[]
  /** Pods whose finalizer is gone, though the cache still shows it. */
  readonly released: ReadonlySet<string>
}

/** What the pods say about the job. */
export interface JobView {
  readonly job: Job
  readonly pods: readonly Pod[]
  readonly active: readonly Pod[]
  readonly terminatingCount: number
  /** Pods that ended and are not in the status at all. */
  readonly newlySucceeded: readonly Pod[]
  readonly newlyFailed: readonly Pod[]
  readonly succeededCount: number
  readonly failedCount: number
  /** Of an indexed job; empty of another. */
  readonly succeededIndexes: Indexes
  /** Only with a limit for each index. */
  readonly failedIndexes: Indexes | undefined
  /** The failed pod of each index that keeps its finalizer until its successor is made. */
  readonly lastFailures: ReadonlyMap<number, Pod>
  readonly isHeld: (pod: Pod) => boolean
}

export function observeJob({ job, pods, released }: JobInput): JobView {
  const { status, spec } = job
  const indexed = isIndexed(job)
  const isHeld = (pod: Pod): boolean => isTracked(pod) && !released.has(pod.metadata.uid)
  const counts = (pod: Pod): boolean => !indexed || completionIndexOf(pod, job) !== undefined
  const uncounted = status.uncountedTerminatedPods ?? {}
  const isNew = (known: readonly string[] | undefined, pod: Pod): boolean =>
    isHeld(pod) && counts(pod) && known?.includes(pod.metadata.uid) !== true
  const newlySucceeded = pods.filter(
    (pod) => pod.status?.phase === 'Succeeded' && isNew(uncounted.succeeded, pod),
  )
  const newlyFailed = pods.filter((pod) => hasFailed(pod, job) && isNew(uncounted.failed, pod))
  const counted = newlyFailed.filter((pod) => judgeFailure(spec.podFailurePolicy, pod).counts)
  const active = pods.filter(podActive)
  const succeededIndexes = indexed ? succeededOf(job, pods) : new Set<number>()
  const failedIndexes =
    indexed && spec.backoffLimitPerIndex !== undefined ? failedOf(job, pods) : undefined
  return {
    job,
    pods,
    active,
    terminatingCount: pods.filter(
      (pod) => pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod),
    ).length,
    newlySucceeded,
    newlyFailed,
    succeededCount: indexed
      ? succeededIndexes.size
      : (status.succeeded ?? 0) + newlySucceeded.length + (uncounted.succeeded ?? []).length,
    failedCount: (status.failed ?? 0) + counted.length + (uncounted.failed ?? []).length,
    succeededIndexes,
    failedIndexes,
    lastFailures: failedIndexes
      ? lastFailures(job, pods.filter(isHeld), [
          succeededIndexes,
          failedIndexes,
          indexesOfPods(active, job),
        ])
      : new Map(),
    isHeld,
  }
}

function succeededOf(job: Job, pods: readonly Pod[]): Set<number> {
  const known = parseIndexes(job.status.completedIndexes, job.spec.completions ?? 0)
  const ended = pods.filter((pod) => pod.status?.phase === 'Succeeded' && isTracked(pod))
  return new Set([...known, ...indexesOfPods(ended, job)])
}

function failedOf(job: Job, pods: readonly Pod[]): Set<number> {
  const known = parseIndexes(job.status.failedIndexes, job.spec.completions ?? 0)
  const failed = pods.filter((pod) => isTracked(pod) && indexHasFailed(job, pod))
  return new Set([...known, ...indexesOfPods(failed, job)])
}

/** Of indexes that are neither settled nor at work. */
function lastFailures(
  job: Job,
  pods: readonly Pod[],
  settled: readonly Indexes[],
): Map<number, Pod> {
  const last = new Map<number, Pod>()
  for (const pod of pods) {
    const index = completionIndexOf(pod, job)
    if (index === undefined || !hasFailed(pod, job)) continue
    if (settled.some((indexes) => indexes.has(index))) continue
    const known = last.get(index)
    const isLater =
      !known ||
      (failuresOfIndex(known).total <= failuresOfIndex(pod).total &&
        finishedAtMs(pod) >= finishedAtMs(known))
    if (isLater) last.set(index, pod)
  }
  return last
}
