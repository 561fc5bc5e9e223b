import { parseTime } from '@kemu/api'
import type { Container, ContainerStatus, Pod, PodStatus } from '@kemu/api'
import type { ProbeVerdict } from '../sync/pod-actions.ts'
import { initContainersOf, isSidecar } from '../sync/pod-spec.ts'
import { parseContainerId } from './container-id.ts'

export type ProbeKind = 'startup' | 'readiness' | 'liveness'

/** What probing knows, as far as a pod's status shows it. */
export interface ProbeKnowledge {
  startup(containerId: string): ProbeVerdict | undefined
  readiness(containerId: string): ProbeVerdict | undefined
  /** Is that probe of the container being run? */
  isProbed(podUid: string, containerName: string, kind: ProbeKind): boolean
  /** Containers that ran before this moment were taken over from an earlier kubelet. */
  readonly startedAtMs: number
}

/**
 * kubeletRestartGracePeriod: a container that started up to 10 s before this kubelet counts as its
 * own.
 */
const takeoverGraceMs = 10_000

/** Fills `started` and `ready` of every container. Upstream: prober manager UpdatePodStatus. */
export function applyProbes(pod: Pod, status: PodStatus, probes: ProbeKnowledge): void {
  for (const container of status.containerStatuses ?? []) {
    const spec = pod.spec.containers.find(({ name }) => name === container.name)
    container.started = isStarted(pod, container, probes)
    container.ready = container.started && isReady(pod, container, spec, probes)
  }
  for (const container of status.initContainerStatuses ?? []) {
    const spec = initContainersOf(pod).find(({ name }) => name === container.name)
    container.started = isStarted(pod, container, probes)
    if (!spec) continue
    if (isSidecar(spec))
      container.ready = container.started && isReady(pod, container, spec, probes)
    else container.ready = container.state?.terminated?.exitCode === 0
  }
  for (const container of status.ephemeralContainerStatuses ?? []) delete container.started
}

function isStarted(pod: Pod, container: ContainerStatus, probes: ProbeKnowledge): boolean {
  if (!container.state?.running) return false
  const verdict = probes.startup(parseContainerId(container.containerID ?? ''))
  if (verdict !== undefined) return verdict === 'success'
  if (container.started === true) return true
  return !probes.isProbed(pod.metadata.uid, container.name, 'startup')
}

function isReady(
  pod: Pod,
  container: ContainerStatus,
  spec: Container | undefined,
  probes: ProbeKnowledge,
): boolean {
  const running = container.state?.running
  if (!running) return false
  const verdict = probes.readiness(parseContainerId(container.containerID ?? ''))
  if (verdict === 'success') return true
  const probed = probes.isProbed(pod.metadata.uid, container.name, 'readiness')
  const startedAtMs = parseTime(running.startedAt ?? '')
  if (!(startedAtMs < probes.startedAtMs - takeoverGraceMs)) return !probed
  // Taken over: as ready as the pod was, until its probe has spoken.
  if (verdict !== undefined) return false
  return !spec?.readinessProbe || podIsReady(pod)
}

function podIsReady(pod: Pod): boolean {
  return (pod.status?.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True')
}
