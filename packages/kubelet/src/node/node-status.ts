import { formatTime } from '@kemu/api'
import type {
  ContainerImage,
  Node,
  NodeCondition,
  NodeRuntimeHandler,
  NodeStatus,
  Taint,
} from '@kemu/api'
import type { Draft } from '@kemu/api'
import type { Machine } from './machine.ts'
import type { NodeResources } from './node-resources.ts'

/** Reported by every component of this release. */
export const kubeletVersion = 'v1.36.3'

export interface NodeFacts {
  readonly name: string
  readonly hostname: string
  readonly addresses: readonly string[]
  readonly machine: Machine
  readonly resources: NodeResources
  readonly port: number
  readonly runtime: RuntimeFacts
}

/** What the container runtime last said of itself. */
export interface RuntimeFacts {
  readonly name: string
  readonly version: string
  /** Why pods cannot run, in the words of the Ready condition; empty when they can. */
  readonly problems: readonly string[]
  readonly handlers: readonly NodeRuntimeHandler[]
  readonly supplementalGroupsPolicy: boolean
  readonly images: readonly ContainerImage[]
  readonly gaps: RuntimeGaps
}

/** What is accepted and not enforced, as a runtime of kemu tells it; undefined: it is enforced, or nothing is told. */
export interface RuntimeGaps {
  /** Why limits of containers do not bite. */
  readonly limits?: string | undefined
  /** Fields of security contexts, and why. */
  readonly securityContexts?: string | undefined
}

// nodeStatusMaxImages and MaxNamesPerImageInNodeStatus.
export const imagesMax = 50
export const namesPerImageMax = 5

/**
 * The node's status as this kubelet sees it; transitions are stamped against what stood before.
 * Pure.
 */
export function nodeStatus(facts: NodeFacts, old: NodeStatus, nowMs: number): NodeStatus {
  const { machine, resources, runtime, addresses, hostname, port } = facts
  const now = formatTime(nowMs)
  const drafts: NodeCondition[] = [
    {
      type: 'MemoryPressure',
      status: 'False',
      reason: 'KubeletHasSufficientMemory',
      message: 'kubelet has sufficient memory available',
    },
    {
      type: 'DiskPressure',
      status: 'False',
      reason: 'KubeletHasNoDiskPressure',
      message: 'kubelet has no disk pressure',
    },
    {
      type: 'PIDPressure',
      status: 'False',
      reason: 'KubeletHasSufficientPID',
      message: 'kubelet has sufficient PID available',
    },
    readyCondition(runtime.problems),
  ]
  const own = new Set(drafts.map(({ type }) => type))
  const foreign = (old.conditions ?? []).filter(({ type }) => !own.has(type))
  const foreignAmounts = extendedResources(old, resources)
  return {
    addresses: [
      ...addresses.map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: hostname },
    ],
    capacity: { ...foreignAmounts, ...resources.capacity },
    allocatable: { ...foreignAmounts, ...resources.allocatable },
    conditions: [...foreign, ...drafts.map((draft) => stamped(draft, old, now))],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: `${runtime.name}://${runtime.version}`,
      kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: machine.architecture,
    },
    ...(runtime.images.length > 0 && { images: [...runtime.images] }),
    runtimeHandlers: [...runtime.handlers],
    features: { supplementalGroupsPolicy: runtime.supplementalGroupsPolicy },
  }
}

/** What others advertise on the node stays (setNodeStatusMachineInfo); all of it can be allocated. */
function extendedResources(old: NodeStatus, { capacity }: NodeResources): Record<string, string> {
  const foreign = Object.entries(old.capacity ?? {}).filter(
    ([name]) => !(name in capacity) && name.includes('/'),
  )
  return Object.fromEntries(foreign)
}

function readyCondition(problems: readonly string[]): NodeCondition {
  if (problems.length === 0)
    return {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      message: 'kubelet is posting ready status',
    }
  const message = problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`
  return { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message }
}

function stamped(draft: NodeCondition, old: NodeStatus, now: string): NodeCondition {
  const before = old.conditions?.find(({ type }) => type === draft.type)
  const lastTransitionTime = before?.status === draft.status ? before.lastTransitionTime : now
  return { ...draft, lastHeartbeatTime: now, ...(lastTransitionTime && { lastTransitionTime }) }
}

const attachDetachAnnotation = 'volumes.kubernetes.io/controller-managed-attach-detach'

export interface Registration {
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  readonly unschedulable: boolean
  readonly providerId: string
}

/** The Node that a kubelet registers (initialNode). */
export function initialNode(
  facts: NodeFacts,
  registration: Registration,
  nowMs: number,
): Draft<Node> {
  const { name, machine } = facts
  const { labels, taints, unschedulable, providerId } = registration
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { ...defaultLabels(facts.hostname, machine.architecture), ...labels },
      annotations: { [attachDetachAnnotation]: 'true' },
    },
    spec: {
      ...(taints.length > 0 && { taints: [...taints] }),
      ...(unschedulable && { unschedulable }),
      ...(providerId !== '' && { providerID: providerId }),
    },
    status: nodeStatus(facts, {}, nowMs),
  }
}

/** Labels that are corrected when the node was registered before. */
export function defaultLabels(hostname: string, architecture: string): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': architecture,
    'kubernetes.io/hostname': hostname,
    'kubernetes.io/os': 'linux',
  }
}
