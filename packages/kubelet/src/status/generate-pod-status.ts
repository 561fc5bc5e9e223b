import { deepCopy, qosClassOf, Quantity } from '@kemu/api'
import type { Pod, PodCondition, PodStatus, ResourceRequirements } from '@kemu/api'
import type { ObservedPod } from '../cri/observed-pod.ts'
import { podLimits, podRequests } from '../admission/pod-resources.ts'
import { isTerminal } from '../sync/pod-spec.ts'
import {
  containersReady,
  isKubeletCondition,
  podInitialized,
  podReady,
  podScheduled,
  readyToStartContainers,
} from './conditions.ts'
import { containerStatuses } from './container-statuses.ts'
import type { StartFailure } from './container-statuses.ts'
import { podPhase } from './phase.ts'
import { applyProbes } from './probe-status.ts'
import type { ProbeKnowledge } from './probe-status.ts'

/** A reason of the node for ending a pod: its deadline, a lack of resources. */
export interface PodEnd {
  readonly reason: string
  readonly message: string
}

export interface StatusInputs {
  readonly pod: Pod
  readonly observed: ObservedPod
  /** What was last said of the pod, here or (after a restart) by the API. */
  readonly old: PodStatus
  readonly probes: ProbeKnowledge
  readonly runtimeName: string
  readonly failureOf: (containerName: string) => StartFailure | undefined
  /** The node's addresses; empty while they are unknown. */
  readonly hostIps: readonly string[]
  /** All containers were told to stop for good. */
  readonly ending: boolean
  readonly end: PodEnd | undefined
}

/** The status that this kubelet gives a pod. Pure. Upstream: generateAPIPodStatus. */
export function generatePodStatus(inputs: StatusInputs): PodStatus {
  const { pod, observed, old, probes, ending } = inputs
  const regular = containerStatuses(inputs, 'regular', old.containerStatuses ?? [])
  const init = containerStatuses(inputs, 'init', old.initContainerStatuses ?? [])
  const ephemeral = containerStatuses(inputs, 'ephemeral', old.ephemeralContainerStatuses ?? [])
  const initialized = pod.spec.containers.some(({ name }) =>
    observed.containers.some((c) => c.name === name && c.sandboxId === observed.sandboxes[0]?.id),
  )
  const status: PodStatus = {
    phase: podPhase(pod, [...regular, ...init], ending, initialized),
    qosClass: qosClassOf(pod),
    containerStatuses: regular,
    ...(init.length > 0 && { initContainerStatuses: init }),
    ...(ephemeral.length > 0 && { ephemeralContainerStatuses: ephemeral }),
    ...addresses(inputs),
    ...podLevelResources(pod),
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
  }
  settlePhase(inputs, status)
  applyProbes(pod, status, probes)
  status.conditions = conditionsOf(inputs, status)
  return status
}

/** A finished pod stays finished, with its reason. */
function settlePhase({ pod, old, end }: StatusInputs, status: PodStatus): void {
  if (!isTerminal(status.phase)) {
    if (isTerminal(old.phase)) status.phase = old.phase!
    else if (isTerminal(pod.status?.phase)) status.phase = pod.status.phase!
  }
  if (status.phase === old.phase) {
    const reason = old.reason ?? pod.status?.reason
    const message = old.message ?? pod.status?.message
    if (reason) status.reason = reason
    if (message) status.message = message
  }
  if (end) {
    status.phase = 'Failed'
    status.reason = end.reason
    status.message = end.message
  }
  if (isTerminal(pod.status?.phase)) status.phase = pod.status.phase!
}

function conditionsOf({ pod, observed, old }: StatusInputs, status: PodStatus): PodCondition[] {
  const foreign = (pod.status?.conditions ?? []).filter(({ type }) => !isKubeletCondition(type))
  const disruption = old.conditions?.find(({ type }) => type === 'DisruptionTarget')
  const conditions = deepCopy(foreign.filter(({ type }) => !disruption || type !== disruption.type))
  if (disruption) conditions.push(deepCopy(disruption))
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  const phase = status.phase!
  return [
    ...conditions,
    readyToStartContainers(pod, observed),
    podInitialized(pod, all, phase),
    podReady(pod, conditions, all, phase),
    containersReady(pod, all, phase),
    podScheduled(pod),
  ]
}

function addresses({ pod, observed, hostIps, old }: StatusInputs): Partial<PodStatus> {
  const hostIp = hostIps[0]
  const own = observed.ips.length > 0 ? observed.ips : (old.podIPs ?? []).map(({ ip }) => ip)
  const kept = pod.spec.hostNetwork ? hostIps.slice(0, 1) : own
  return {
    ...(hostIp !== undefined && { hostIP: hostIp, hostIPs: [{ ip: hostIp }] }),
    ...(kept[0] !== undefined && { podIP: kept[0], podIPs: kept.map((ip) => ({ ip })) }),
  }
}

/** Pod-level sums (KEP-2837); what nobody asked for is left out. */
function podLevelResources(pod: Pod): Partial<PodStatus> {
  const requests = texts(podRequests(pod))
  const limits = texts(podLimits(pod))
  const resources: ResourceRequirements = {
    ...(limits && { limits }),
    ...(requests && { requests }),
  }
  return { resources, ...(requests && { allocatedResources: requests }) }
}

function texts(list: ReadonlyMap<string, Quantity>): Record<string, string> | undefined {
  if (list.size === 0) return undefined
  return Object.fromEntries([...list].map(([name, quantity]) => [name, quantity.toString()]))
}
