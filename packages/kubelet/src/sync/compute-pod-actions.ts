import type { Container, Pod } from '@kemu/api'
import { containerHash } from '../cri/container-hash.ts'
import { findContainer } from '../cri/observed-pod.ts'
import type { ObservedContainer, ObservedPod } from '../cri/observed-pod.ts'
import { planInitContainers } from './init-container-actions.ts'
import { killOfUnknown } from './pod-actions.ts'
import type { KillReason, PodActions, ProbeVerdicts } from './pod-actions.ts'
import { podSandboxChanged } from './pod-sandbox-changed.ts'
import { ephemeralContainersOf, initContainersOf, shouldRestart } from './pod-spec.ts'

/**
 * Decides what to do for a pod that shall run. Pure: the same pod, observation and verdicts give
 * the same actions. Upstream counterpart: kuberuntime computePodActions.
 */
export function computePodActions(
  pod: Pod,
  observed: ObservedPod,
  verdicts: ProbeVerdicts,
): PodActions {
  const { changed, attempt, sandboxId } = podSandboxChanged(pod, observed)
  const actions: PodActions = {
    killPod: changed,
    createSandbox: changed,
    sandboxId,
    attempt,
    initContainersToStart: [],
    containersToStart: [],
    ephemeralContainersToStart: [],
    containersToKill: [],
  }
  if (changed) return planNewSandbox(pod, observed, actions)
  actions.ephemeralContainersToStart = indexesWhere(
    ephemeralContainersOf(pod),
    (container) => !findContainer(observed, container.name),
  )
  const initialized = planInitContainers(pod, observed, verdicts, actions)
  if (actions.killPod || !initialized) return actions
  planRegularContainers(pod, observed, verdicts, actions)
  return actions
}

/** Everything starts from the beginning, unless the pod has run its course. */
function planNewSandbox(pod: Pod, observed: ObservedPod, actions: PodActions): PodActions {
  const neverRestarts = pod.spec.restartPolicy === 'Never'
  if (neverRestarts && actions.attempt !== 0 && observed.containers.length > 0) {
    actions.createSandbox = false
    return actions
  }
  const toStart = indexesWhere(
    pod.spec.containers,
    (container) => !ranOnceSuccessfully(pod, container, observed),
  )
  if (toStart.length === 0 && anyRegularContainerCreated(pod, observed)) {
    actions.createSandbox = false
    return actions
  }
  if (initContainersOf(pod).length > 0) actions.initContainersToStart = [0]
  else actions.containersToStart = toStart
  return actions
}

function ranOnceSuccessfully(pod: Pod, container: Container, observed: ObservedPod): boolean {
  if ((container.restartPolicy ?? pod.spec.restartPolicy) !== 'OnFailure') return false
  const last = findContainer(observed, container.name)
  return last?.state === 'exited' && last.exitCode === 0
}

function planRegularContainers(
  pod: Pod,
  observed: ObservedPod,
  verdicts: ProbeVerdicts,
  actions: PodActions,
): void {
  let kept = 0
  pod.spec.containers.forEach((container, index) => {
    const last = findContainer(observed, container.name)
    if (last?.state !== 'running') {
      if (!shouldBeStarted(pod, container, last)) return
      actions.containersToStart.push(index)
      if (last?.state === 'unknown') actions.containersToKill.push(killOfUnknown(last, 'Container'))
      return
    }
    const unwanted = whyUnwanted(container, last, verdicts)
    if (!unwanted) {
      kept += 1
      return
    }
    const restarts =
      unwanted.always || (container.restartPolicy ?? pod.spec.restartPolicy) !== 'Never'
    if (restarts) actions.containersToStart.push(index)
    actions.containersToKill.push({
      id: last.id,
      name: last.name,
      message: restarts ? `${unwanted.message}, will be restarted` : unwanted.message,
      reason: unwanted.reason,
    })
  })
  if (kept === 0 && actions.containersToStart.length === 0) {
    actions.killPod = true
    actions.initContainersToStart = []
  }
}

interface Unwanted {
  readonly message: string
  readonly reason: KillReason
  /** Started again whatever the restart policy. */
  readonly always: boolean
}

function whyUnwanted(
  container: Container,
  running: ObservedContainer,
  verdicts: ProbeVerdicts,
): Unwanted | undefined {
  const { name } = container
  if (running.notes.hash !== containerHash(container))
    return { message: `Container ${name} definition changed`, reason: 'Unknown', always: true }
  if (verdicts.liveness(running.id) === 'failure') {
    const message = `Container ${name} failed liveness probe`
    return { message, reason: 'LivenessProbe', always: false }
  }
  if (verdicts.startup(running.id) === 'failure') {
    const message = `Container ${name} failed startup probe`
    return { message, reason: 'StartupProbe', always: false }
  }
  return undefined
}

/** Upstream: ShouldContainerBeRestarted. */
export function shouldBeStarted(
  pod: Pod,
  container: Container,
  last: ObservedContainer | undefined,
): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false
  if (!last) return true
  switch (last.state) {
    case 'running':
      return false
    case 'unknown':
    case 'created':
      return true
    case 'exited':
      return shouldRestart(container, pod.spec, last.exitCode)
  }
}

export function anyRegularContainerCreated(pod: Pod, observed: ObservedPod): boolean {
  return pod.spec.containers.some(({ name }) => {
    const state = findContainer(observed, name)?.state
    return state !== undefined && state !== 'unknown'
  })
}

function indexesWhere<T>(list: readonly T[], holds: (item: T) => boolean): number[] {
  return list.flatMap((item, index) => (holds(item) ? [index] : []))
}
