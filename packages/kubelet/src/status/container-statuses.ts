import { deepCopy, formatTime } from '@kemu/api'
import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  ResourceRequirements,
  VolumeMountStatus,
} from '@kemu/api'
import { findContainer } from '../cri/observed-pod.ts'
import type { ObservedContainer, ObservedPod } from '../cri/observed-pod.ts'
import { anyRegularContainerCreated, shouldBeStarted } from '../sync/compute-pod-actions.ts'
import { ephemeralContainersOf, initContainersOf, isSidecar } from '../sync/pod-spec.ts'
import type { ContainerKind } from '../sync/pod-spec.ts'
import { formatContainerId } from './container-id.ts'

/** Why a container could not be started the last time; shown while it waits. */
export interface StartFailure {
  readonly reason: string
  readonly message: string
}

export interface ContainerStatusInputs {
  readonly pod: Pod
  readonly observed: ObservedPod
  readonly runtimeName: string
  readonly failureOf: (containerName: string) => StartFailure | undefined
}

/**
 * The statuses of one of the pod's lists, from what the runtime holds and what was said before. The
 * runtime forgets containers; what was last said of them must not be lost. Upstream:
 * convertToAPIContainerStatuses.
 */
export function containerStatuses(
  inputs: ContainerStatusInputs,
  kind: ContainerKind,
  previous: readonly ContainerStatus[],
): ContainerStatus[] {
  const { pod, observed } = inputs
  const specs = specsOf(pod, kind)
  const old = new Map(previous.map((status) => [status.name, status]))
  const statuses = specs.map((spec) => {
    const seen = observed.containers.filter(({ name }) => name === spec.name)
    const [latest, before] = seen
    const status = latest
      ? seenStatus(inputs, spec, latest, old.get(spec.name))
      : unseenStatus(inputs, spec, old.get(spec.name))
    if (before) status.lastState = seenStatus(inputs, spec, before, old.get(spec.name)).state!
    return withReason(inputs, kind, spec, status)
  })
  // Init containers keep their order, which is their meaning; the others are sorted by name.
  return kind === 'init' ? statuses : statuses.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function specsOf(pod: Pod, kind: ContainerKind): readonly Container[] {
  switch (kind) {
    case 'init':
      return initContainersOf(pod)
    case 'regular':
      return pod.spec.containers
    case 'ephemeral':
      return ephemeralContainersOf(pod)
  }
}

/** Of a container that the runtime does not hold: not started yet, or forgotten. */
function unseenStatus(
  { pod }: ContainerStatusInputs,
  spec: Container,
  old: ContainerStatus | undefined,
): ContainerStatus {
  if (old?.state?.terminated) return deepCopy(old)
  const status: ContainerStatus = {
    name: spec.name,
    state: { waiting: { reason: waitingReason(pod) } },
    lastState: deepCopy(old?.lastState ?? {}),
    ready: false,
    restartCount: old?.restartCount ?? 0,
    image: spec.image ?? '',
    imageID: '',
    ...mountStatuses(spec),
  }
  if (!old?.state?.running || status.lastState!.terminated) return status
  status.lastState = {
    terminated: {
      reason: 'ContainerStatusUnknown',
      message:
        'The container could not be located when the pod was deleted.  The container used to be Running',
      exitCode: 137,
    },
  }
  if (pod.metadata.deletionTimestamp === undefined) status.restartCount += 1
  return status
}

function waitingReason(pod: Pod): string {
  return initContainersOf(pod).length > 0 ? 'PodInitializing' : 'ContainerCreating'
}

function seenStatus(
  { runtimeName }: ContainerStatusInputs,
  spec: Container,
  seen: ObservedContainer,
  old: ContainerStatus | undefined,
): ContainerStatus {
  const containerID = formatContainerId(runtimeName, seen.id)
  const status: ContainerStatus = {
    name: seen.name,
    state: {},
    lastState: {},
    ready: false,
    restartCount: Math.max(seen.notes.restartCount, old?.restartCount ?? 0),
    image: seen.image,
    imageID: seen.imageRef,
    containerID,
    ...mountStatuses(spec),
  }
  const oldEnd = old?.state?.terminated
  if (oldEnd && old.containerID !== containerID) status.lastState = { terminated: deepCopy(oldEnd) }
  else if (old?.lastState?.terminated)
    status.lastState = { terminated: deepCopy(old.lastState.terminated) }
  // A count that the runtime does not know (its containers were removed) goes on from what was
  // said.
  if (seen.state === 'running' && oldEnd && old.restartCount >= seen.notes.restartCount)
    status.restartCount = old.containerID === containerID ? old.restartCount : old.restartCount + 1
  status.state = stateOf(seen, containerID, old, status)
  if (seen.state === 'running' && old?.started !== undefined && old.containerID === containerID)
    status.started = old.started
  return { ...status, ...resourceStatus(spec, seen), ...seenExtras(seen) }
}

function stateOf(
  seen: ObservedContainer,
  containerID: string,
  old: ContainerStatus | undefined,
  status: ContainerStatus,
): ContainerState {
  switch (seen.state) {
    case 'running':
      return { running: { startedAt: formatTime(seen.startedAtMs) } }
    case 'created': // on the way to be started: what it waited for is still what is told
      return { waiting: deepCopy(old?.state?.waiting ?? {}) }
    case 'exited':
      return {
        terminated: {
          exitCode: seen.exitCode,
          ...(seen.reason !== '' && { reason: seen.reason }),
          ...(seen.message !== '' && { message: seen.message }),
          startedAt: formatTime(seen.startedAtMs),
          finishedAt: formatTime(seen.finishedAtMs),
          containerID,
        },
      }
    case 'unknown':
      if (!old?.state?.running) return { waiting: {} }
      status.restartCount = old.restartCount + 1
      return {
        terminated: {
          reason: 'ContainerStatusUnknown',
          message: 'The container could not be located when the pod was terminated',
          exitCode: 137,
        },
      }
  }
}

function seenExtras(seen: ObservedContainer): Partial<ContainerStatus> {
  return {
    ...(seen.user && { user: seen.user }),
    ...(seen.stopSignal !== undefined && { stopSignal: seen.stopSignal }),
  }
}

/**
 * In-place resizing is not emulated, so what runs is what the spec says (KEP-1287 wants it said).
 */
function resourceStatus(spec: Container, _seen: ObservedContainer): Partial<ContainerStatus> {
  const resources: ResourceRequirements = {
    ...(spec.resources?.limits && { limits: spec.resources.limits }),
    ...(spec.resources?.requests && { requests: spec.resources.requests }),
  }
  return {
    resources,
    ...(resources.requests && { allocatedResources: resources.requests }),
  }
}

function mountStatuses(spec: Container): { volumeMounts?: VolumeMountStatus[] } {
  if (!spec.volumeMounts?.length) return {}
  return {
    volumeMounts: spec.volumeMounts.map((mount) => ({
      name: mount.name,
      mountPath: mount.mountPath,
      ...(mount.readOnly && { readOnly: true, recursiveReadOnly: 'Disabled' }),
    })),
  }
}

/** Shows why a container that shall run does not; an ended one moves to lastState. */
function withReason(
  { pod, observed, failureOf }: ContainerStatusInputs,
  kind: ContainerKind,
  spec: Container,
  status: ContainerStatus,
): ContainerStatus {
  const latest = findContainer(observed, spec.name)
  if (kind === 'init') {
    if (latest?.state === 'exited' && latest.exitCode === 0) return status
    if (isForgottenInit(pod, observed, spec, status)) {
      const message =
        'Unable to get init container status from container' +
        ' runtime and pod has been initialized, treat it as exited normally'
      return { ...status, state: { terminated: { reason: 'Completed', message, exitCode: 0 } } }
    }
  }
  if (!shouldBeStarted(pod, spec, latest)) return status
  const failure = failureOf(spec.name)
  if (!failure) return status
  const { reason, message } = failure
  return {
    ...status,
    ...(status.state?.terminated && { lastState: status.state }),
    state: { waiting: { reason, ...(message !== '' && { message }) } },
  }
}

function isForgottenInit(
  pod: Pod,
  observed: ObservedPod,
  spec: Container,
  status: ContainerStatus,
): boolean {
  return (
    !findContainer(observed, spec.name) &&
    anyRegularContainerCreated(pod, observed) &&
    !isSidecar(spec) &&
    status.state?.waiting !== undefined
  )
}
