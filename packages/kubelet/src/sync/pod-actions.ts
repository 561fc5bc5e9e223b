import type { ObservedContainer } from '../cri/observed-pod.ts'

export type KillReason = 'StartupProbe' | 'LivenessProbe' | 'FailedPostStartHook' | 'Unknown'

export interface ContainerToKill {
  readonly id: string
  readonly name: string
  /** The text of the Killing event. */
  readonly message: string
  readonly reason: KillReason
}

/**
 * What brings a pod from its observed state nearer to its spec. Indexes count in the spec's lists.
 */
export interface PodActions {
  /** Stop everything; when no sandbox is made after it, the pod has nothing left to do. */
  killPod: boolean
  createSandbox: boolean
  /** The sandbox that stands; '' when there is none. */
  sandboxId: string
  attempt: number
  initContainersToStart: number[]
  containersToStart: number[]
  ephemeralContainersToStart: number[]
  readonly containersToKill: ContainerToKill[]
}

export type ProbeVerdict = 'success' | 'failure' | 'unknown'

/**
 * The standing results of probes by container id; undefined for a container that has no such probe
 * (yet).
 */
export interface ProbeVerdicts {
  liveness(containerId: string): ProbeVerdict | undefined
  startup(containerId: string): ProbeVerdict | undefined
}

export function killOfUnknown(container: ObservedContainer, what: string): ContainerToKill {
  const message = `${what} is in "unknown" state, try killing it before restart`
  return { id: container.id, name: container.name, message, reason: 'Unknown' }
}
