import { parseTime } from '@kemu/api'
import type { Job, JobCondition, Pod } from '@kemu/api'
import { hasFailed } from './finished-pod.ts'
import { jobCondition, trueCondition } from './job-conditions.ts'
import type { JobView } from './observe-job.ts'
import { judgeFailure } from './pod-failure-policy.ts'
import { metSuccessRule } from './success-policy.ts'

/**
 * Why the job ends before its work is done: what an earlier pass found, failures, then the success policy. The
 * condition is FailureTarget or SuccessCriteriaMet: pods are stopped under it, and Failed or Complete follows.
 */
export function earlyEnd(view: JobView, nowMs: number): JobCondition | undefined {
  const { job } = view
  const known = trueCondition(job, 'SuccessCriteriaMet') ?? trueCondition(job, 'FailureTarget')
  if (known) return known
  const failure = failureOf(view, nowMs)
  if (failure) return jobCondition('FailureTarget', 'True', failure, nowMs)
  const message = metSuccessRule(job, view.succeededIndexes)
  if (message === undefined) return undefined
  return jobCondition('SuccessCriteriaMet', 'True', { reason: 'SuccessPolicy', message }, nowMs)
}

interface Why {
  readonly reason: string
  readonly message: string
}

function failureOf({ job, pods, failedCount, ...view }: JobView, nowMs: number): Why | undefined {
  const { spec } = job
  for (const pod of pods) {
    if (!spec.podFailurePolicy || !hasFailed(pod, job)) continue
    const { failJob } = judgeFailure(spec.podFailurePolicy, pod)
    if (failJob !== undefined) return { reason: 'PodFailurePolicy', message: failJob }
  }
  const limit = spec.backoffLimit ?? 6
  if (failedCount > limit || restartedTooOften(job, pods, limit)) {
    const message = 'Job has reached the specified backoff limit'
    return { reason: 'BackoffLimitExceeded', message }
  }
  if (deadlineInMs(job, nowMs) === 0) {
    const message = 'Job was active longer than specified deadline'
    return { reason: 'DeadlineExceeded', message }
  }
  const failedIndexes = view.failedIndexes?.size ?? 0
  if (spec.maxFailedIndexes !== undefined && failedIndexes > spec.maxFailedIndexes) {
    const message = 'Job has exceeded the specified maximal number of failed indexes'
    return { reason: 'MaxFailedIndexesExceeded', message }
  }
  if (failedIndexes > 0 && failedIndexes + view.succeededIndexes.size >= (spec.completions ?? 0))
    return { reason: 'FailedIndexes', message: 'Job has failed indexes' }
  return undefined
}

/** With restartPolicy OnFailure the kubelet's restarts count, for nothing else would. */
function restartedTooOften({ spec }: Job, pods: readonly Pod[], limit: number): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false
  const restarts = pods
    .filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
    .flatMap(({ status }) => [
      ...(status.initContainerStatuses ?? []),
      ...(status.containerStatuses ?? []),
    ])
    .reduce((sum, { restartCount }) => sum + restartCount, 0)
  return limit === 0 ? restarts > 0 : restarts >= limit
}

/** When activeDeadlineSeconds are over; undefined when no clock runs. */
export function deadlineInMs({ spec, status }: Job, nowMs: number): number | undefined {
  const { activeDeadlineSeconds, suspend } = spec
  if (activeDeadlineSeconds === undefined || suspend || status.startTime === undefined)
    return undefined
  return Math.max(0, parseTime(status.startTime) + activeDeadlineSeconds * 1000 - nowMs)
}

/** All the work is done and no pod runs any more. */
export function workIsDone({ job, succeededCount }: JobView, activeCount: number): boolean {
  const { completions } = job.spec
  if (activeCount > 0) return false
  return completions === undefined ? succeededCount > 0 : succeededCount >= completions
}
