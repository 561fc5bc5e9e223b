import { parseTime } from '@kemu/api'
import type { Pod } from '@kemu/api'
import { podCondition, podReady } from '@kemu/controller-runtime'

/** corev1.PodDeletionCost: pods with a lower cost go first (KEP-2255). */
const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost'

/** Order of phases: what runs least goes first. */
const phaseOrder: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 }

/**
 * The pods that a controller gives up first: unassigned, pending, not ready, cheap, on the most crowded node, ready for
 * the shortest time, restarted most, youngest (upstream: ActivePodsWithRanks).
 *
 * Two things are decided where upstream leaves them to chance or to a stale count: nodes are counted again after each
 * choice, and times are compared exactly instead of by their logarithm. So scaling up and back keeps the first pods.
 */
export function choosePodsToDelete(
  pods: readonly Pod[],
  count: number,
  podsOnNode: ReadonlyMap<string, number>,
): Pod[] {
  const left = [...pods]
  const onNode = new Map(podsOnNode)
  const chosen: Pod[] = []
  while (chosen.length < count && left.length > 0) {
    const crowd = (pod: Pod): number => onNode.get(pod.spec.nodeName ?? '') ?? 0
    const first = left.reduce((least, pod) => (before(pod, least, crowd) ? pod : least))
    left.splice(left.indexOf(first), 1)
    chosen.push(first)
    const node = first.spec.nodeName ?? ''
    onNode.set(node, (onNode.get(node) ?? 0) - 1)
  }
  return chosen
}

function before(a: Pod, b: Pod, crowd: (pod: Pod) => number): boolean {
  const order =
    Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
    phaseRank(a) - phaseRank(b) ||
    Number(podReady(a)) - Number(podReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    crowd(b) - crowd(a) ||
    readySince(b) - readySince(a) ||
    restarts(b) - restarts(a) ||
    createdAt(b) - createdAt(a)
  return order < 0
}

function phaseRank(pod: Pod): number {
  return phaseOrder[pod.status?.phase ?? ''] ?? 0
}

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[deletionCostAnnotation] ?? '0'
  return /^-?\d+$/.test(text) ? Number(text) : 0
}

/** 0 for pods that are not ready or do not tell since when. */
function readySince(pod: Pod): number {
  if (!podReady(pod)) return 0
  const since = parseTime(podCondition(pod, 'Ready')?.lastTransitionTime ?? '')
  return Number.isNaN(since) ? 0 : since
}

function restarts(pod: Pod): number {
  const statuses = pod.status?.containerStatuses ?? []
  return statuses.reduce((most, status) => Math.max(most, status.restartCount), 0)
}

function createdAt(pod: Pod): number {
  return parseTime(pod.metadata.creationTimestamp)
}
