import { podFitsNodeSelector, Quantity } from '@kemu/api'
import type { ContainerPort, Pod, SelectableNode } from '@kemu/api'
import { isStaticPod } from '../status/phase.ts'
import { podRequests } from './pod-resources.ts'

/** A node's no, as the pod's status and event show it. */
export interface Rejection {
  /** OutOfcpu, NodeAffinity, NodePorts ... */
  readonly reason: string
  readonly message: string
}

export interface AdmissionInputs {
  readonly pod: Pod
  /** The other pods of the node that are not at their end. */
  readonly others: readonly Pod[]
  readonly node: SelectableNode
  readonly allocatable: Readonly<Record<string, string>>
  readonly supplementalGroupsPolicy: boolean
}

/** scheduling.SystemCriticalPriority: such pods would evict others; here they are let in. */
const systemCriticalPriority = 2_000_000_000

/**
 * The node's last word on a pod that was bound to it; undefined lets it in. Pure. Upstream:
 * lifecycle predicateAdmitHandler.
 */
export function admitPod(inputs: AdmissionInputs): Rejection | undefined {
  const { pod, node } = inputs
  const { os, nodeName } = pod.spec
  if ((pod.metadata.labels?.['kubernetes.io/os'] ?? 'linux') !== 'linux')
    return {
      reason: 'PodOSSelectorNodeLabelDoesNotMatch',
      message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    }
  if (os && os.name !== 'linux')
    return {
      reason: 'PodOSNotSupported',
      message: "Failed to admit pod as the OS field doesn't match node OS",
    }
  const policy = pod.spec.securityContext?.supplementalGroupsPolicy
  if (policy === 'Strict' && !inputs.supplementalGroupsPolicy)
    return {
      reason: 'SupplementalGroupsPolicyNotSupported',
      message: 'SupplementalGroupsPolicy=Strict is not supported in this node',
    }
  const shortage = isCritical(pod) ? undefined : findShortage(inputs)
  if (shortage) return shortage
  if (!podFitsNodeSelector(pod, node))
    return failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector")
  if (nodeName !== undefined && nodeName !== node.metadata.name)
    return failed('NodeName', "node(s) didn't match the requested node name")
  if (hasTakenPort(inputs))
    return failed('NodePorts', "node(s) didn't have free ports for the requested pod ports")
  return undefined
}

function failed(predicate: string, description: string): Rejection {
  return { reason: predicate, message: `Predicate ${predicate} failed: ${description}` }
}

function isCritical(pod: Pod): boolean {
  return isStaticPod(pod) || (pod.spec.priority ?? 0) >= systemCriticalPriority
}

function findShortage({ pod, others, allocatable }: AdmissionInputs): Rejection | undefined {
  const capacityOf = (name: string): Quantity => Quantity.parse(allocatable[name] ?? '0')
  if (others.length + 1 > capacityOf('pods').units)
    return outOf('pods', 1, others.length, capacityOf('pods').units)
  const requests = podRequests(pod)
  const used = others.map(podRequests)
  for (const [name, wanted] of requests) {
    // What the node does not know at all belongs to the cluster (removeMissingExtendedResources).
    if (wanted.nanos === 0n || allocatable[name] === undefined) continue
    const taken = used.reduce(
      (sum, one) => sum.add(one.get(name) ?? Quantity.ofUnits(0)),
      Quantity.ofUnits(0),
    )
    if (wanted.add(taken).compare(capacityOf(name)) <= 0) continue
    const count = (amount: Quantity): number => (name === 'cpu' ? amount.millis : amount.units)
    return outOf(name, count(wanted), count(taken), count(capacityOf(name)))
  }
  return undefined
}

function outOf(resource: string, requested: number, used: number, capacity: number): Rejection {
  return {
    reason: `OutOf${resource}`,
    message: `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  }
}

function hasTakenPort({ pod, others }: AdmissionInputs): boolean {
  const taken = others.flatMap(hostPorts)
  return hostPorts(pod).some((port) => taken.some((other) => collide(port, other)))
}

function hostPorts(pod: Pod): ContainerPort[] {
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')
  return [...pod.spec.containers, ...sidecars].flatMap(({ ports = [] }) =>
    ports.filter(({ hostPort }) => (hostPort ?? 0) > 0),
  )
}

function collide(a: ContainerPort, b: ContainerPort): boolean {
  if (a.hostPort !== b.hostPort || (a.protocol ?? 'TCP') !== (b.protocol ?? 'TCP')) return false
  const [left, right] = [a.hostIP || '0.0.0.0', b.hostIP || '0.0.0.0']
  return left === right || left === '0.0.0.0' || right === '0.0.0.0'
}
