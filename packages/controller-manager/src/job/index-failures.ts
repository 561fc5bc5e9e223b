import type { Job, Pod } from '@kemu/api'
import { hasFailed } from './finished-pod.ts'
import { judgeFailure } from './pod-failure-policy.ts'

export const indexFailuresKey = 'batch.kubernetes.io/job-index-failure-count'
export const indexIgnoredFailuresKey = 'batch.kubernetes.io/job-index-ignored-failure-count'

export interface IndexFailures {
  readonly counted: number
  readonly ignored: number
  readonly total: number
}

/** What the pod's predecessors at its index did, as it was told when it was made. */
export function failuresOfIndex({ metadata }: Pod): IndexFailures {
  const [counted, ignored] = [indexFailuresKey, indexIgnoredFailuresKey].map((key) => {
    const text = metadata.annotations?.[key] ?? ''
    return /^\d+$/.test(text) ? Number(text) : 0
  }) as [number, number]
  return { counted, ignored, total: counted + ignored }
}

/** What the successor of the pod is told. */
export function failuresAfter(job: Job, pod: Pod | undefined): IndexFailures {
  if (!pod) return { counted: 0, ignored: 0, total: 0 }
  const { counted, ignored, total } = failuresOfIndex(pod)
  const isCounted = judgeFailure(job.spec.podFailurePolicy, pod).counts
  return {
    counted: counted + (isCounted ? 1 : 0),
    ignored: ignored + (isCounted ? 0 : 1),
    total: total + 1,
  }
}

/** Whether the pod's failure is the last that its index may have. */
export function indexHasFailed(job: Job, pod: Pod): boolean {
  if (!hasFailed(pod, job)) return false
  const verdict = judgeFailure(job.spec.podFailurePolicy, pod)
  if (verdict.failIndex) return true
  return verdict.counts && failuresOfIndex(pod).counted >= (job.spec.backoffLimitPerIndex ?? 0)
}
