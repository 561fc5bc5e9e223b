import type { Container, Pod } from '@kemu/api'
import { containerHash } from '../cri/container-hash.ts'
import { findContainer } from '../cri/observed-pod.ts'
import type { ObservedContainer, ObservedPod } from '../cri/observed-pod.ts'
import { killOfUnknown } from './pod-actions.ts'
import type { ContainerToKill, KillReason, PodActions, ProbeVerdicts } from './pod-actions.ts'
import { initContainersOf, isSidecar, shouldRestart } from './pod-spec.ts'

/**
 * Plans the init containers and sidecars; answers whether the regular containers may be started.
 * The list is read from its end: the last init container that was ever started tells how far the
 * pod has come. Upstream counterpart: kuberuntime computeInitContainerActions.
 */
export function planInitContainers(
  pod: Pod,
  observed: ObservedPod,
  verdicts: ProbeVerdicts,
  actions: PodActions,
): boolean {
  const containers = initContainersOf(pod)
  if (containers.length === 0) return true
  const walk: Walk = {
    pod,
    verdicts,
    actions,
    lastIndex: containers.length - 1,
    initialized: anyRegularContainerActive(pod, observed),
    passed: false,
    toStart: [],
    failed: false,
  }
  walk.passed = walk.initialized
  for (let index = containers.length - 1; index >= 0 && !walk.failed; index--)
    visit(walk, index, containers[index]!, findContainer(observed, containers[index]!.name))
  if (walk.failed) {
    actions.killPod = true
    actions.initContainersToStart = []
    return false
  }
  if (!walk.passed) walk.toStart.push(0)
  actions.initContainersToStart = walk.toStart.reverse()
  return walk.initialized
}

interface Walk {
  readonly pod: Pod
  readonly verdicts: ProbeVerdicts
  readonly actions: PodActions
  readonly lastIndex: number
  /** The regular containers may run. */
  initialized: boolean
  /** A later container was started before: only sidecars matter from here on. */
  passed: boolean
  /** Collected from the end of the list. */
  readonly toStart: number[]
  failed: boolean
}

function visit(
  walk: Walk,
  index: number,
  container: Container,
  last: ObservedContainer | undefined,
): void {
  if (!last) {
    if (walk.passed && isSidecar(container)) walk.toStart.push(index)
    return
  }
  if (walk.passed && !isSidecar(container)) return
  if (isSidecar(container)) visitSidecar(walk, index, container, last)
  else visitRunOnce(walk, index, container, last)
  walk.passed = true
}

function visitSidecar(
  walk: Walk,
  index: number,
  container: Container,
  last: ObservedContainer,
): void {
  switch (last.state) {
    case 'created':
    case 'exited':
      walk.toStart.push(index)
      break
    case 'unknown':
      walk.actions.containersToKill.push(killOfUnknown(last, 'Init container'))
      walk.toStart.push(index)
      break
    case 'running':
      visitRunningSidecar(walk, index, container, last)
      break
  }
}

function visitRunningSidecar(
  walk: Walk,
  index: number,
  container: Container,
  running: ObservedContainer,
): void {
  if (container.startupProbe) {
    const startup = walk.verdicts.startup(running.id)
    if (startup === 'failure') replace(walk, index, running, 'startup probe', 'StartupProbe')
    if (startup !== 'success') return
  }
  if (index === walk.lastIndex) walk.initialized = true
  else if (!walk.passed) walk.toStart.push(index + 1)
  if (running.notes.hash !== containerHash(container)) {
    const message = `Init container ${container.name} definition changed`
    walk.actions.containersToKill.push(kill(running, message, 'Unknown'))
    walk.toStart.push(index)
  } else if (container.livenessProbe && walk.verdicts.liveness(running.id) === 'failure') {
    replace(walk, index, running, 'liveness probe', 'LivenessProbe')
  }
}

function visitRunOnce(
  walk: Walk,
  index: number,
  container: Container,
  last: ObservedContainer,
): void {
  switch (last.state) {
    case 'running':
      return
    case 'created':
      walk.toStart.push(index)
      return
    case 'exited':
    case 'unknown':
      if (!hasFailed(last)) {
        if (index === walk.lastIndex) walk.initialized = true
        else walk.toStart.push(index + 1)
        return
      }
      if (!mayBeTriedAgain(walk.pod, container, last)) {
        walk.failed = true
        return
      }
      if (last.state === 'unknown')
        walk.actions.containersToKill.push(killOfUnknown(last, 'Init container'))
      walk.toStart.push(index)
  }
}

function mayBeTriedAgain(pod: Pod, container: Container, last: ObservedContainer): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false
  if (last.state === 'exited') return shouldRestart(container, pod.spec, last.exitCode)
  return (container.restartPolicy ?? pod.spec.restartPolicy) !== 'Never'
}

/** Upstream: isInitContainerFailed. */
function hasFailed(last: ObservedContainer): boolean {
  return last.reason === 'OOMKilled' || last.state === 'unknown' || last.exitCode !== 0
}

function replace(
  walk: Walk,
  index: number,
  running: ObservedContainer,
  probe: string,
  reason: KillReason,
): void {
  const message = `Init container ${running.name} failed ${probe}`
  walk.actions.containersToKill.push(kill(running, message, reason))
  walk.toStart.push(index)
}

function kill(container: ObservedContainer, message: string, reason: KillReason): ContainerToKill {
  return { id: container.id, name: container.name, message, reason }
}

function anyRegularContainerActive(pod: Pod, observed: ObservedPod): boolean {
  return pod.spec.containers.some(({ name }) => {
    const state = findContainer(observed, name)?.state
    return state === 'created' || state === 'running'
  })
}
