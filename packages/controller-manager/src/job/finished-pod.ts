import { isSidecar, parseTime } from '@kemu/api'
import type { ContainerStatus, Job, Pod } from '@kemu/api'
import { podCondition } from '@kemu/controller-runtime'

/** While a pod has it, its end is not yet in the job's counts (KEP-2307). */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking'

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(trackingFinalizer) === true
}

/** A pod on its way out counts as failed, unless the job wants to see its end first (KEP-3939). */
export function hasFailed({ status, metadata }: Pod, job: Job): boolean {
  if (status?.phase === 'Failed') return true
  if (replacesOnlyFailed(job)) return false
  return metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded'
}

export function replacesOnlyFailed({ spec }: Job): boolean {
  return spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined
}

/** When the pod ended, as well as it can be told (getFinishedTime). */
export function finishedAtMs(pod: Pod): number {
  const { metadata } = pod
  const fromContainers = lastExitMs(pod)
  if (fromContainers !== undefined) return fromContainers
  const ready = podCondition(pod, 'Ready')
  const notReadyMs = ready?.status === 'False' ? parseTime(ready.lastTransitionTime ?? '') : NaN
  if (!Number.isNaN(notReadyMs)) return notReadyMs
  if (metadata.deletionTimestamp !== undefined)
    return parseTime(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000
  return parseTime(metadata.creationTimestamp)
}

/** undefined: one of them has not ended, or does not say when. */
function lastExitMs({ spec, status }: Pod): number | undefined {
  const sidecars = new Set((spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name))
  const containers: ContainerStatus[] = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
  ]
  const times = containers.map(({ state }) => parseTime(state?.terminated?.finishedAt ?? ''))
  return times.length === 0 || times.some(Number.isNaN) ? undefined : Math.max(...times)
}
