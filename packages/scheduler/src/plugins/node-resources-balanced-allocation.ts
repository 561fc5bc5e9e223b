import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import { maxNodeScore } from '../framework/interface.ts'
import type { NodeScorer, ScorePlugin } from '../framework/interface.ts'

/** Prefers nodes whose used shares of cpu and memory the pod brings closer together. */
export class NodeResourcesBalancedAllocation implements ScorePlugin {
  readonly name = 'NodeResourcesBalancedAllocation'

  preScore(pod: PodInfo): NodeScorer | undefined {
    if (pod.cpuMillis === 0 && pod.memoryBytes === 0) return undefined
    return {
      score(node) {
        const after = balance(node, pod.cpuMillis, pod.memoryBytes)
        const gain = after - balance(node, 0, 0)
        // Half of the range belongs to the gain, so that a pod which unbalances no node is not pushed anywhere.
        return maxNodeScore / 2 + Math.trunc((maxNodeScore / 2 + gain) / 2)
      },
    }
  }
}

function balance(node: NodeInfo, cpuMillis: number, memoryBytes: number): number {
  const shares: number[] = []
  if (node.allocatableCpuMillis > 0)
    shares.push((node.requestedCpuMillis + cpuMillis) / node.allocatableCpuMillis)
  if (node.allocatableMemoryBytes > 0)
    shares.push((node.requestedMemoryBytes + memoryBytes) / node.allocatableMemoryBytes)
  const [first = 0, second = first] = shares.map((share) => Math.min(1, share))
  return Math.trunc((1 - Math.abs(first - second) / 2) * maxNodeScore)
}
