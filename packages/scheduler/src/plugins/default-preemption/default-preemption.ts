import type { PodDisruptionBudget } from '@kemu/api'
import type { Random } from '@kemu/base'
import type { Lister } from '@kemu/client'
import { podCondition } from '@kemu/controller-runtime'
import type { NodeInfo } from '../../cache/node-info.ts'
import { countReasons } from '../../framework/fit-error.ts'
import type {
  FailedAttempt,
  PostFilterPlugin,
  PostFilterResult,
} from '../../framework/interface.ts'
import { unresolvable } from '../../framework/status.ts'
import type { Rejection } from '../../framework/status.ts'
import { pickNode } from './pick-node.ts'
import { selectVictims } from './select-victims.ts'
import type { Candidate } from './select-victims.ts'

/** minCandidateNodesPercentage and minCandidateNodesAbsolute. */
const candidateShare = 0.1
const candidatesMin = 100

const notHelpful = unresolvable('DefaultPreemption', 'Preemption is not helpful for scheduling')

/** A pod that fits nowhere may push out pods of lower priority, where that helps. */
export class DefaultPreemption implements PostFilterPlugin {
  readonly name = 'DefaultPreemption'
  readonly #random: Random
  readonly #budgets: Lister<PodDisruptionBudget>

  constructor(random: Random, budgets: Lister<PodDisruptionBudget>) {
    this.#random = random
    this.#budgets = budgets
  }

  postFilter(attempt: FailedAttempt): PostFilterResult {
    const ineligible = whyIneligible(attempt)
    if (ineligible !== undefined) return { message: said(ineligible) }
    const { snapshot } = attempt
    const hopeful = this.#hopefulNodes(attempt)
    const filters = hopeful.length > 0 ? attempt.prepareFilters() : undefined
    if (!filters) return { message: notAvailable(snapshot.nodes.length, []), clearNomination: true }
    const wanted = Math.max(candidatesMin, Math.floor(snapshot.nodes.length * candidateShare))
    const budgets = this.#budgets.list()
    const candidates: Candidate[] = []
    const rejections: Rejection[] = []
    for (const node of hopeful) {
      const search = selectVictims(attempt.pod, node, filters, budgets)
      if (search.kind === 'rejected') rejections.push(search.rejection)
      else if (candidates.push(search) >= wanted) break
    }
    const best = pickNode(candidates)
    if (!best)
      return { message: notAvailable(snapshot.nodes.length, rejections), clearNomination: true }
    const { nodeName, victims } = best
    return { message: '', plan: { nodeName, victims, displaced: [] } }
  }

  /** Nodes where a pod's leaving could help, from a random start: no node is always the first to pay. */
  #hopefulNodes({ snapshot, rejections }: FailedAttempt): NodeInfo[] {
    const nodes = snapshot.nodes.filter(
      ({ name }) => rejections.get(name)?.code === 'Unschedulable',
    )
    const start = nodes.length === 0 ? 0 : this.#random.int(nodes.length)
    return [...nodes.slice(start), ...nodes.slice(0, start)]
  }
}

function whyIneligible({ pod, snapshot, rejections }: FailedAttempt): string | undefined {
  if (pod.pod.spec.preemptionPolicy === 'Never')
    return 'not eligible due to preemptionPolicy=Never.'
  const nominated = pod.pod.status?.nominatedNodeName
  if (!nominated || rejections.get(nominated)?.code === 'UnschedulableAndUnresolvable')
    return undefined
  const leaving = snapshot
    .get(nominated)
    ?.pods.some(
      (other) =>
        other.priority < pod.priority &&
        other.terminating &&
        podCondition(other.pod, 'DisruptionTarget')?.reason === 'PreemptionByScheduler',
    )
  return leaving ? 'not eligible due to a terminating pod on the nominated node.' : undefined
}

function notAvailable(nodeCount: number, rejections: readonly Rejection[]): string {
  const others = Array.from({ length: nodeCount - rejections.length }, () => notHelpful)
  return said(`0/${nodeCount} nodes are available: ${countReasons([...rejections, ...others])}.`)
}

/** Upstream's dynamic resources answer first, also for pods that claim none. */
function said(text: string): string {
  return `no new claims to deallocate, preemption: ${text}`
}
