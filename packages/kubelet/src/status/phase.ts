import type { Container, ContainerStatus, Pod } from '@kemu/api'
import { initContainersOf, isSidecar, shouldRestart } from '../sync/pod-spec.ts'

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

/**
 * The one word for a pod, from the statuses of its init and regular containers. `ending`: the pod's
 * containers were told to stop for good. Upstream: getPhase.
 */
export function podPhase(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  ending: boolean,
  initialized: boolean,
): PodPhase {
  const of = new Map(statuses.map((status) => [status.name, status]))
  const init = countRunOnceInit(pod, of)
  const sidecars = countSidecars(pod, of)
  const regular = countRegular(pod, of)
  if (init.failedForGood > 0) return 'Failed'
  if (init.pending > 0 || (sidecars.pending > 0 && !initialized)) return 'Pending'
  if (sidecars.waiting + regular.waiting > 0) return 'Pending'
  const running = sidecars.running + regular.running
  const unknown = sidecars.unknown + regular.unknown
  if (unknown > 0) return 'Pending'
  if (running > 0) return 'Running'
  if (regular.stopped === 0) return 'Pending'
  const end = regular.stopped === regular.succeeded ? 'Succeeded' : 'Failed'
  if (ending && !isStaticPod(pod)) return end
  return regular.stopped === regular.stoppedForGood ? end : 'Running'
}

type StatusByName = ReadonlyMap<string, ContainerStatus>

function countRunOnceInit(pod: Pod, of: StatusByName): { pending: number; failedForGood: number } {
  const counts = { pending: 0, failedForGood: 0 }
  for (const container of initContainersOf(pod)) {
    if (isSidecar(container)) continue
    const state = of.get(container.name)?.state
    const end =
      state?.terminated ?? (state?.waiting && of.get(container.name)?.lastState?.terminated)
    if (!end) counts.pending += 1
    else if (end.exitCode !== 0 && !shouldRestart(container, pod.spec, end.exitCode))
      counts.failedForGood += 1
  }
  return counts
}

interface Counts {
  pending: number
  running: number
  waiting: number
  unknown: number
  stopped: number
  stoppedForGood: number
  succeeded: number
}

const none = (): Counts => ({
  pending: 0,
  running: 0,
  waiting: 0,
  unknown: 0,
  stopped: 0,
  stoppedForGood: 0,
  succeeded: 0,
})

/** An ended sidecar says nothing about its pod. */
function countSidecars(pod: Pod, of: StatusByName): Counts {
  const counts = none()
  for (const container of initContainersOf(pod)) {
    if (!isSidecar(container)) continue
    const status = of.get(container.name)
    if (!status) counts.unknown += 1
    else if (status.state?.running) {
      counts.running += 1
      if (!status.started) counts.pending += 1
    } else if (status.state?.waiting) {
      if (status.lastState?.terminated) continue
      counts.pending += 1
      counts.waiting += 1
    } else if (!status.state?.terminated) {
      counts.pending += 1
      counts.unknown += 1
    }
  }
  return counts
}

function countRegular(pod: Pod, of: StatusByName): Counts {
  const counts = none()
  for (const container of pod.spec.containers) {
    const status = of.get(container.name)
    if (status?.state?.running) counts.running += 1
    else if (status?.state?.terminated) {
      countEnd(counts, pod, container, status.state.terminated.exitCode)
      if (status.state.terminated.exitCode === 0) counts.succeeded += 1
    } else if (status?.state?.waiting) {
      const end = status.lastState?.terminated
      if (end) countEnd(counts, pod, container, end.exitCode)
      else counts.waiting += 1
    } else counts.unknown += 1
  }
  return counts
}

function countEnd(counts: Counts, pod: Pod, container: Container, exitCode: number): void {
  counts.stopped += 1
  if (!shouldRestart(container, pod.spec, exitCode)) counts.stoppedForGood += 1
}

export const configSourceAnnotation = 'kubernetes.io/config.source'

/** From a manifest on the host, not from the API. */
export function isStaticPod(pod: Pod): boolean {
  const source = pod.metadata.annotations?.[configSourceAnnotation]
  return source !== undefined && source !== 'api'
}
