import type { DaemonSet, Pod } from '@kemu/api'
import { podAvailable } from '@kemu/controller-runtime'
import { amountOrShare } from '../pods/percentage.ts'
import { nodeFit, podIsOfRevision } from './daemon-pod.ts'
import { alive, podsByNode, surgeOf } from './plan-daemon-pods.ts'
import type { DaemonInput, DaemonPlan } from './plan-daemon-pods.ts'

/** The pods of one node in an update; undefined when a revision has two, which the plain pass sorts out first. */
interface NodePods {
  readonly nodeName: string
  readonly fresh: Pod | undefined
  readonly old: Pod | undefined
}

/** One step of a rolling update: as many old pods go as availability allows, or as many new ones come as may surge. */
export function planDaemonUpdate(input: DaemonInput): DaemonPlan {
  const wanted = input.nodes.filter((node) => nodeFit(input.set, node).shouldRun).length
  const surge = surgeOf(input.set, wanted)
  return surge === 0 ? planReplacing(input, wanted) : planSurging(input, wanted, surge)
}

function unavailableMax(set: DaemonSet, wanted: number): number {
  return amountOrShare(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, wanted, 'up')
}

function planReplacing(input: DaemonInput, wanted: number): DaemonPlan {
  const max = unavailableMax(input.set, wanted)
  const broken: Pod[] = []
  const working: Pod[] = []
  let unavailable = 0
  for (const pods of nodePods(input)) {
    if (!pods || Boolean(pods.fresh) === Boolean(pods.old)) unavailable += 1
    else if (pods.fresh) unavailable += available(input, pods.fresh) ? 0 : 1
    else if (available(input, pods.old!)) working.push(pods.old!)
    else {
      broken.push(pods.old!)
      unavailable += 1
    }
  }
  const room = Math.max(0, max - unavailable)
  return { createOn: [], deletions: [...broken, ...working.slice(0, room)], ended: [] }
}

function planSurging(input: DaemonInput, wanted: number, surge: number): DaemonPlan {
  const fits = new Map(input.nodes.map((node) => [node.metadata.name, nodeFit(input.set, node)]))
  const deletions: Pod[] = []
  const unwanted: Pod[] = []
  const atOnce: string[] = []
  const inTurn: string[] = []
  let surging = 0
  let availableCount = 0
  for (const pods of nodePods(input)) {
    if (!pods) {
      surging += 1
      continue
    }
    const { fresh, old, nodeName } = pods
    const serving = old ?? fresh
    if (serving && available(input, serving)) availableCount += 1
    if (!old) continue
    const shouldRun = fits.get(nodeName)?.shouldRun ?? false
    if (fresh) {
      if (available(input, fresh)) deletions.push(old)
      else surging += 1
    } else if (available(input, old)) {
      if (shouldRun) inTurn.push(nodeName)
      else unwanted.push(old)
    } else if (shouldRun) atOnce.push(nodeName)
    else deletions.push(old)
  }
  deletions.push(...unwanted.slice(0, Math.max(0, availableCount - wanted)))
  const room = Math.max(0, surge - surging)
  return { createOn: [...atOnce, ...inTurn.slice(0, room)], deletions, ended: [] }
}

function nodePods({ set, pods, hash }: DaemonInput): (NodePods | undefined)[] {
  return [...podsByNode(pods)].map(([nodeName, onNode]) => {
    const living = onNode.filter(alive)
    const fresh = living.filter((pod) => podIsOfRevision(pod, set, hash))
    const old = living.filter((pod) => !fresh.includes(pod))
    if (fresh.length > 1 || old.length > 1) return undefined
    return { nodeName, fresh: fresh[0], old: old[0] }
  })
}

function available({ set, nowMs }: DaemonInput, pod: Pod): boolean {
  return podAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)
}
