import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import type { Snapshot } from '../cache/snapshot.ts'
import type {
  BindPlugin,
  FilterPlugin,
  NodeFilter,
  NodeScorer,
  PostFilterPlugin,
  PreEnqueuePlugin,
  QueueSortPlugin,
  ScorePlugin,
} from './interface.ts'
import type { Rejection } from './status.ts'

export interface WeightedScore {
  readonly plugin: ScorePlugin
  readonly weight: number
}

/** The plugins of one scheduler name, by extension point, in the order in which they run. */
export interface Profile {
  readonly schedulerName: string
  readonly preEnqueue: readonly PreEnqueuePlugin[]
  readonly queueSort: QueueSortPlugin
  readonly filters: readonly FilterPlugin[]
  readonly postFilters: readonly PostFilterPlugin[]
  readonly scores: readonly WeightedScore[]
  readonly bind: BindPlugin
}

/** The filters of one cycle, or the no of a plugin that needs to look at no node. */
export type PreparedFilters =
  | { readonly kind: 'filters'; readonly filters: readonly NodeFilter[] }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }

export function prepareFilters(
  profile: Profile,
  pod: PodInfo,
  snapshot: Snapshot,
): PreparedFilters {
  const filters: NodeFilter[] = []
  for (const plugin of profile.filters) {
    const result = plugin.preFilter(pod, snapshot)
    if (result.kind === 'rejected') return { kind: 'rejected', rejection: result.rejection }
    if (result.kind === 'filter') filters.push(result.filter)
  }
  return { kind: 'filters', filters }
}

/** The first no, or undefined when the pod can go there. */
export function runFilters(filters: readonly NodeFilter[], node: NodeInfo): Rejection | undefined {
  for (const filter of filters) {
    const rejection = filter.filter(node)
    if (rejection) return rejection
  }
  return undefined
}

/** The weighted sum of all plugins' normalized scores, node by node. */
export function scoreNodes(
  profile: Profile,
  pod: PodInfo,
  snapshot: Snapshot,
  nodes: readonly NodeInfo[],
): number[] {
  const totals = nodes.map(() => 0)
  for (const { plugin, weight } of profile.scores) {
    const scorer: NodeScorer | undefined = plugin.preScore(pod, snapshot, nodes)
    if (!scorer) continue
    const scores = nodes.map((node) => scorer.score(node))
    scorer.normalize?.(scores, nodes)
    for (let i = 0; i < scores.length; i++) totals[i]! += scores[i]! * weight
  }
  return totals
}
