import { formatTime } from '@kemu/api'
import type { JobCondition, JobStatus, Pod } from '@kemu/api'
import { completionIndexOf, formatIndexes, isIndexed, parseIndexes } from './completion-index.ts'
import { hasFailed } from './finished-pod.ts'
import { jobCondition, withJobCondition } from './job-conditions.ts'
import type { JobView } from './observe-job.ts'
import { judgeFailure } from './pod-failure-policy.ts'

/** MaxUncountedPods: how many ends one status carries. */
const uncountedMax = 500

export interface TrackedEnds {
  readonly status: JobStatus
  /** Pods whose end is in the status now: their finalizer may go. */
  readonly release: readonly Pod[]
  /** Whether every end fitted in. */
  readonly isComplete: boolean
}

/**
 * Writes the ends of pods into `uncountedTerminatedPods` before their finalizers go, so that each is counted once, come
 * what may (KEP-2307). Indexed successes are counted by their index instead.
 */
export function trackEnds(
  view: JobView,
  status: JobStatus,
  end: JobCondition | undefined,
): TrackedEnds {
  const { job } = view
  const indexed = isIndexed(job)
  const counted = settleCounts(view, status)
  const succeeded = [...(counted.uncountedTerminatedPods?.succeeded ?? [])]
  const failed = [...(counted.uncountedTerminatedPods?.failed ?? [])]
  const indexes = new Set(parseIndexes(job.status.completedIndexes, job.spec.completions ?? 0))
  const knownCount = indexes.size
  const release: Pod[] = []
  let isComplete = true
  for (const pod of view.pods) {
    if (!view.isHeld(pod) || !mayRelease(view, pod, end)) continue
    if (succeeded.length + failed.length + indexes.size - knownCount >= uncountedMax) {
      isComplete = false
      break
    }
    release.push(pod)
    const { uid } = pod.metadata
    const index = completionIndexOf(pod, job)
    if (pod.status?.phase === 'Succeeded' && !failed.includes(uid)) {
      if (index !== undefined) indexes.add(index)
      else if (!indexed && !succeeded.includes(uid)) succeeded.push(uid)
    } else if (hasFailed(pod, job) || (end && end.type !== 'SuccessCriteriaMet')) {
      const isPart = !indexed || index !== undefined
      const counts = judgeFailure(job.spec.podFailurePolicy, pod).counts
      if (isPart && counts && !failed.includes(uid)) failed.push(uid)
    }
  }
  const uncountedTerminatedPods = {
    ...(failed.length > 0 && { failed }),
    ...(succeeded.length > 0 && { succeeded }),
  }
  const byIndex: JobStatus = indexed
    ? {
        succeeded: indexes.size,
        completedIndexes: formatIndexes(indexes),
        ...(view.failedIndexes && { failedIndexes: formatIndexes(view.failedIndexes) }),
      }
    : {}
  return { status: { ...counted, ...byIndex, uncountedTerminatedPods }, release, isComplete }
}

function mayRelease({ job, lastFailures }: JobView, pod: Pod, end?: JobCondition): boolean {
  if (job.metadata.deletionTimestamp !== undefined || end || pod.status?.phase === 'Succeeded')
    return true
  if (!hasFailed(pod, job)) return false
  const index = completionIndexOf(pod, job)
  return index === undefined || lastFailures.get(index)?.metadata.uid !== pod.metadata.uid
}

/** Ends whose pods have no finalizer any more move from the lists to the counts. */
export function settleCounts({ pods, isHeld }: JobView, status: JobStatus): JobStatus {
  const held = new Set(pods.filter(isHeld).map(({ metadata }) => metadata.uid))
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  const heldOf = (uids: readonly string[]): string[] => uids.filter((uid) => held.has(uid))
  const left = { succeeded: heldOf(succeeded), failed: heldOf(failed) }
  const settledCounts = {
    succeeded: (status.succeeded ?? 0) + succeeded.length - left.succeeded.length,
    failed: (status.failed ?? 0) + failed.length - left.failed.length,
  }
  return {
    ...status,
    ...(settledCounts.succeeded > 0 && { succeeded: settledCounts.succeeded }),
    ...(settledCounts.failed > 0 && { failed: settledCounts.failed }),
    uncountedTerminatedPods: {
      ...(left.failed.length > 0 && { failed: left.failed }),
      ...(left.succeeded.length > 0 && { succeeded: left.succeeded }),
    },
  }
}

/** The last condition of a job, once all ends are counted and no pod is on its way out; else undefined. */
export function finish(
  { uncountedTerminatedPods, conditions, ...status }: JobStatus,
  end: JobCondition,
  terminatingCount: number,
  nowMs: number,
): JobStatus | undefined {
  const { succeeded = [], failed = [] } = uncountedTerminatedPods ?? {}
  if (succeeded.length + failed.length > 0 || terminatingCount > 0) return undefined
  const type = end.type === 'SuccessCriteriaMet' ? 'Complete' : 'Failed'
  const { reason = '', message = '' } = end
  const last = jobCondition(type, 'True', { reason, message }, nowMs)
  return {
    ...status,
    uncountedTerminatedPods: {},
    conditions: [...withJobCondition(conditions ?? [], last)],
    ...(type === 'Complete' && { completionTime: formatTime(nowMs) }),
  }
}
