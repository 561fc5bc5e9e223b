import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import { maxNodeScore } from '../framework/interface.ts'
import type {
  FilterPlugin,
  NodeScorer,
  PreFilterResult,
  RequeueEvent,
  ScorePlugin,
} from '../framework/interface.ts'
import { unresolvable, unschedulable } from '../framework/status.ts'
import type { Rejection } from '../framework/status.ts'

/** One resource that does not fit, and whether the whole node would be too small for it. */
interface Insufficient {
  readonly reason: string
  readonly unresolvable: boolean
}

/** The node's free amounts must cover the pod's requests; of those that fit, the emptiest is best (LeastAllocated). */
export class NodeResourcesFit implements FilterPlugin, ScorePlugin {
  readonly name = 'NodeResourcesFit'
  readonly events: readonly RequeueEvent[] = [
    { event: { resource: 'AssignedPod', actions: ['Delete', 'UpdatePodRequest'] } },
    { event: { resource: 'UnscheduledPod', actions: ['UpdatePodRequest'] } },
    {
      event: {
        resource: 'Node',
        actions: ['Add', 'UpdateNodeAllocatable', 'UpdateNodeTaint', 'UpdateNodeLabel'],
      },
    },
  ]

  preFilter(pod: PodInfo): PreFilterResult {
    return { kind: 'filter', filter: { filter: (node) => this.#fits(pod, node) } }
  }

  preScore(pod: PodInfo): NodeScorer {
    return { score: (node) => leastAllocated(pod, node) }
  }

  #fits(pod: PodInfo, node: NodeInfo): Rejection | undefined {
    const missing = insufficientResources(pod, node)
    if (missing.length === 0) return undefined
    const make = missing.some((m) => m.unresolvable) ? unresolvable : unschedulable
    return make(this.name, ...missing.map((m) => m.reason))
  }
}

function insufficientResources(pod: PodInfo, node: NodeInfo): Insufficient[] {
  const missing: Insufficient[] = []
  const check = (name: string, wanted: number, used: number, allocatable: number): void => {
    if (wanted > 0 && wanted > allocatable - used)
      missing.push({ reason: `Insufficient ${name}`, unresolvable: wanted > allocatable })
  }
  if (node.pods.length + 1 > node.allocatablePods)
    missing.push({ reason: 'Too many pods', unresolvable: node.allocatablePods < 1 })
  check('cpu', pod.cpuMillis, node.requestedCpuMillis, node.allocatableCpuMillis)
  check('memory', pod.memoryBytes, node.requestedMemoryBytes, node.allocatableMemoryBytes)
  check(
    'ephemeral-storage',
    pod.ephemeralBytes,
    node.requestedEphemeralBytes,
    node.allocatableEphemeralBytes,
  )
  for (const [name, wanted] of pod.scalars)
    check(
      name,
      wanted,
      node.requestedScalars.get(name) ?? 0,
      node.allocatableScalars.get(name) ?? 0,
    )
  return missing
}

/** The mean free share of cpu and memory with the pod on the node, 0..100, in whole numbers as upstream counts. */
function leastAllocated(pod: PodInfo, node: NodeInfo): number {
  const shares = [
    freeShare(node.assumedCpuMillis + pod.assumedCpuMillis, node.allocatableCpuMillis),
    freeShare(node.assumedMemoryBytes + pod.assumedMemoryBytes, node.allocatableMemoryBytes),
  ].filter((share) => share !== undefined)
  if (shares.length === 0) return 0
  return Math.floor(shares.reduce((sum, share) => sum + share, 0) / shares.length)
}

function freeShare(used: number, allocatable: number): number | undefined {
  if (allocatable === 0) return undefined
  if (used > allocatable) return 0
  return Math.floor(((allocatable - used) * maxNodeScore) / allocatable)
}
