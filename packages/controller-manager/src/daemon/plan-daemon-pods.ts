import { parseTime } from '@kemu/api'
import type { DaemonSet, Node, Pod } from '@kemu/api'
import { podAvailable, podReady } from '@kemu/controller-runtime'
import { amountOrShare } from '../pods/percentage.ts'
import { nodeFit, nodeOfDaemonPod, podIsOfRevision } from './daemon-pod.ts'

export interface DaemonInput {
  readonly set: DaemonSet
  readonly nodes: readonly Node[]
  /** The set's pods, terminating ones too. */
  readonly pods: readonly Pod[]
  readonly hash: string
  readonly nowMs: number
  /** Whether a failed pod on that node may be replaced now; its back-off counts outside of this plan. */
  readonly mayReplaceFailed: (nodeName: string) => boolean
}

export interface DaemonPlan {
  readonly createOn: readonly string[]
  readonly deletions: readonly Pod[]
  /** Ended pods among the deletions, which the set tells of. */
  readonly ended: readonly { readonly pod: Pod; readonly nodeName: string }[]
}

export function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const byNode = new Map<string, Pod[]>()
  for (const pod of pods) {
    const name = nodeOfDaemonPod(pod)
    const known = byNode.get(name)
    if (known) known.push(pod)
    else byNode.set(name, [pod])
  }
  return byNode
}

/** Where a daemon is missing and where one is too many (podsShouldBeOnNode for each node). */
export function planDaemonPods(input: DaemonInput): DaemonPlan {
  const byNode = podsByNode(input.pods)
  const plan = {
    createOn: [] as string[],
    deletions: [] as Pod[],
    ended: [] as DaemonPlan['ended'][0][],
  }
  for (const node of input.nodes) {
    const { shouldRun, mayStay } = nodeFit(input.set, node)
    const pods = byNode.get(node.metadata.name)
    byNode.delete(node.metadata.name)
    if (!pods) {
      if (shouldRun) plan.createOn.push(node.metadata.name)
    } else if (!mayStay) plan.deletions.push(...pods.filter(alive))
    else planNode(input, node.metadata.name, pods, shouldRun, plan)
  }
  // Pods that were meant for nodes which are gone and never ran; those that ran belong to the pod collector.
  for (const [nodeName, pods] of byNode)
    if (nodeName !== '') plan.deletions.push(...pods.filter((p) => alive(p) && !p.spec.nodeName))
  return plan
}

function planNode(
  input: DaemonInput,
  nodeName: string,
  pods: readonly Pod[],
  shouldRun: boolean,
  plan: { createOn: string[]; deletions: Pod[]; ended: DaemonPlan['ended'][0][] },
): void {
  const running: Pod[] = []
  for (const pod of pods.filter(alive)) {
    const phase = pod.status?.phase
    if (phase !== 'Failed' && phase !== 'Succeeded') {
      running.push(pod)
    } else if (phase === 'Succeeded' || input.mayReplaceFailed(nodeName)) {
      plan.deletions.push(pod)
      plan.ended.push({ pod, nodeName })
    }
  }
  running.sort(oldestFirst)
  if (surgeOf(input.set) === 0) plan.deletions.push(...running.slice(1))
  else if (running.length === 0) {
    if (shouldRun) plan.createOn.push(nodeName)
  } else plan.deletions.push(...surplusWhileSurging(input, running))
}

/** Of each revision one pod stays; the old one goes when it is not ready or the new one is available. */
function surplusWhileSurging({ set, hash, nowMs }: DaemonInput, running: readonly Pod[]): Pod[] {
  const fresh = running.filter((pod) => podIsOfRevision(pod, set, hash))
  const old = running.filter((pod) => !fresh.includes(pod))
  const surplus = [...fresh.slice(1), ...old.slice(1)]
  if (!fresh[0] || !old[0]) return surplus
  const minReadySeconds = set.spec.minReadySeconds ?? 0
  if (!podReady(old[0]) || podAvailable(fresh[0], minReadySeconds, nowMs)) surplus.push(old[0])
  return surplus
}

export function surgeOf(set: DaemonSet, wanted = 100): number {
  return amountOrShare(set.spec.updateStrategy?.rollingUpdate?.maxSurge, wanted, 'up')
}

export function alive(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined
}

/** Scheduled before unscheduled, then the older one (podByCreationTimestampAndPhase). */
export function oldestFirst(a: Pod, b: Pod): number {
  return (
    Number(Boolean(b.spec.nodeName)) - Number(Boolean(a.spec.nodeName)) ||
    parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp) ||
    (a.metadata.name < b.metadata.name ? -1 : 1)
  )
}
