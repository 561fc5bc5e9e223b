import type { ContainerStatus, ContainerStateTerminated, Pod } from '../generated/types.ts'
import { isPodConditionTrue, isPodTerminal } from './conditions.ts'
import { isSidecar } from './containers.ts'

/** A pod in a line, as `kubectl get pods` says it. */
export interface PodSummary {
  /** Running and ready; sidecars count when started. */
  readonly readyContainers: number
  /** Containers and sidecars. */
  readonly totalContainers: number
  /** The phase, or the reason that says more than it. */
  readonly status: string
  readonly restarts: number
  /** When a container that was started again had ended, the latest; '' if unknown. */
  readonly lastRestart: string
}

interface Count {
  restarts: number
  lastRestart: string
  ready: number
}

/** What the pod's conditions and container states amount to (printers/internalversion printPod). */
export function summarizePod(pod: Pod): PodSummary {
  const starting = summarizeStart(pod)
  const running = summarizeRun(pod, starting.reason ?? phaseReason(pod))
  const initializing = starting.reason !== undefined
  const useRun = !initializing || isPodConditionTrue(pod, 'Initialized')
  const counts = useRun ? merge(starting.sidecars, running.count) : starting.all
  const status = useRun ? running.reason : (starting.reason ?? phaseReason(pod))
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar)
  return {
    readyContainers: starting.sidecars.ready + (useRun ? running.count.ready : 0),
    totalContainers: (pod.spec.containers ?? []).length + sidecars.length,
    status: deletionReason(pod) ?? status,
    restarts: counts.restarts,
    lastRestart: counts.lastRestart,
  }
}

function phaseReason({ status }: Pod): string {
  const gated = status?.conditions?.some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  )
  return gated ? 'SchedulingGated' : status?.reason || (status?.phase ?? '')
}

function deletionReason(pod: Pod): string | undefined {
  if (!pod.metadata.deletionTimestamp) return undefined
  if (pod.status?.reason === 'NodeLost') return 'Unknown'
  return isPodTerminal(pod) ? undefined : 'Terminating'
}

interface Start {
  /** Absent when initialization is done. */
  readonly reason: string | undefined
  /** Over the init containers up to the one that is at work. */
  readonly all: Count
  readonly sidecars: Count
}

function summarizeStart(pod: Pod): Start {
  const all = zero()
  const sidecars = zero()
  const specs = new Map((pod.spec.initContainers ?? []).map((c) => [c.name, c]))
  for (const [i, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const sidecar = isSidecar(specs.get(status.name))
    countRestarts(all, status)
    if (sidecar) countRestarts(sidecars, status)
    const { terminated, waiting } = status.state ?? {}
    if (terminated?.exitCode === 0) continue
    if (sidecar && status.started) {
      if (status.ready) sidecars.ready += 1
      continue
    }
    if (terminated) return { reason: `Init:${endReason(terminated)}`, all, sidecars }
    if (waiting?.reason && waiting.reason !== 'PodInitializing')
      return { reason: `Init:${waiting.reason}`, all, sidecars }
    return { reason: `Init:${i}/${specs.size}`, all, sidecars }
  }
  return { reason: undefined, all, sidecars }
}

function summarizeRun(pod: Pod, before: string): { reason: string; count: Count } {
  const count = zero()
  let reason = before
  let errorReason = ''
  for (const status of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    countRestarts(count, status)
    const { waiting, terminated, running } = status.state ?? {}
    if (waiting?.reason) reason = waiting.reason
    else if (terminated) {
      reason = endReason(terminated)
      if (terminated.exitCode !== 0) errorReason = reason
    } else if (status.ready && running) count.ready += 1
  }
  if (reason !== 'Completed') return { reason, count }
  const hasRunning = count.ready > 0
  if (hasRunning && isPodConditionTrue(pod, 'Ready')) return { reason: 'Running', count }
  if (errorReason !== '') return { reason: errorReason, count }
  return { reason: hasRunning ? 'NotReady' : reason, count }
}

function endReason({ reason, signal, exitCode }: ContainerStateTerminated): string {
  if (reason) return reason
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`
}

function zero(): Count {
  return { restarts: 0, lastRestart: '', ready: 0 }
}

function countRestarts(count: Count, status: ContainerStatus): void {
  count.restarts += status.restartCount
  const finished = status.lastState?.terminated?.finishedAt ?? ''
  // RFC 3339 in UTC with whole seconds sorts as text.
  if (finished > count.lastRestart) count.lastRestart = finished
}

function merge(a: Count, b: Count): Count {
  return {
    restarts: a.restarts + b.restarts,
    lastRestart: a.lastRestart > b.lastRestart ? a.lastRestart : b.lastRestart,
    ready: a.ready + b.ready,
  }
}
