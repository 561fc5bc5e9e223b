import { formatTime } from '@kemu/api'
import type { Job, JobCondition } from '@kemu/api'

export type EndType = 'SuccessCriteriaMet' | 'FailureTarget' | 'Complete' | 'Failed'

export function trueCondition({ status }: Job, type: EndType): JobCondition | undefined {
  return status.conditions?.find((c) => c.type === type && c.status === 'True')
}

export function isJobFinished(job: Job): boolean {
  return (trueCondition(job, 'Complete') ?? trueCondition(job, 'Failed')) !== undefined
}

export function jobCondition(
  type: string,
  status: 'True' | 'False',
  { reason, message }: { readonly reason: string; readonly message: string },
  nowMs: number,
): JobCondition {
  const now = formatTime(nowMs)
  return { type, status, lastProbeTime: now, lastTransitionTime: now, reason, message }
}

/** The conditions with this one; the same list when it says what is known. A first one that is False says nothing. */
export function withJobCondition(
  conditions: readonly JobCondition[],
  next: JobCondition,
): readonly JobCondition[] {
  const old = conditions.find(({ type }) => type === next.type)
  if (!old) return next.status === 'False' ? conditions : [...conditions, next]
  const { status, reason, message } = old
  if (status === next.status && reason === next.reason && message === next.message)
    return conditions
  return conditions.map((condition) => (condition === old ? next : condition))
}
