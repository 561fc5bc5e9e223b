import type { Random } from '@kemu/base'
import type { NodeInfo } from './cache/node-info.ts'
import type { PodInfo } from './cache/pod-info.ts'
import type { Snapshot } from './cache/snapshot.ts'
import type { Diagnosis } from './framework/fit-error.ts'
import type { NodeFilter } from './framework/interface.ts'
import { prepareFilters, runFilters, scoreNodes } from './framework/profile.ts'
import type { Profile } from './framework/profile.ts'
import { unresolvable } from './framework/status.ts'
import type { Rejection } from './framework/status.ts'
import type { Nominator } from './nominator.ts'

export interface SearchOptions {
  /** Where in the list of nodes the search starts, so that all nodes get their turn in large clusters. */
  readonly startAt: number
  /** 0: by the size of the cluster (percentageOfNodesToScore). */
  readonly percentageOfNodesToScore: number
  readonly random: Random
  readonly nominator: Nominator
}

export type Decision =
  | {
      readonly kind: 'placed'
      readonly nodeName: string
      /** Where the next search starts. */
      readonly nextStart: number
      readonly feasibleCount: number
      readonly evaluatedCount: number
    }
  | { readonly kind: 'noFit'; readonly diagnosis: Diagnosis }

/** The scheduling cycle, pure: which node suits the pod best in this snapshot, or why none does. */
export function findNode(
  profile: Profile,
  pod: PodInfo,
  snapshot: Snapshot,
  options: SearchOptions,
): Decision {
  const nodeCount = snapshot.nodes.length
  const prepared = prepareFilters(profile, pod, snapshot)
  if (prepared.kind === 'rejected') {
    const { rejection } = prepared
    return {
      kind: 'noFit',
      diagnosis: { nodeCount, rejections: new Map(), preFilter: rejection },
    }
  }
  const nodes = candidates(prepared.filters, snapshot)
  const search = searchFeasible(pod, prepared.filters, nodes, options)
  if (search.feasible.length === 0) {
    const rejections = new Map([
      ...leftOut(prepared.filters, snapshot, nodes),
      ...search.rejections,
    ])
    return { kind: 'noFit', diagnosis: { nodeCount, rejections } }
  }
  return {
    kind: 'placed',
    nodeName: chooseBest(profile, pod, snapshot, search.feasible, options.random).name,
    nextStart: (options.startAt + search.evaluated) % Math.max(1, nodeCount),
    feasibleCount: search.feasible.length,
    evaluatedCount: search.evaluated,
  }
}

/** Only the nodes that every filter's list of names has; all when none names any. */
function candidates(filters: readonly NodeFilter[], snapshot: Snapshot): readonly NodeInfo[] {
  const lists = filters.flatMap(({ only }) => (only ? [only.nodeNames] : []))
  const [first, ...others] = lists
  if (!first) return snapshot.nodes
  return [...first]
    .filter((name) => others.every((names) => names.has(name)))
    .flatMap((name) => snapshot.get(name) ?? [])
}

/** Nodes that were never looked at, with the plugins that named others (schedule_one.go, SetAbsentNodesStatus). */
function leftOut(
  filters: readonly NodeFilter[],
  snapshot: Snapshot,
  nodes: readonly NodeInfo[],
): [string, Rejection][] {
  if (nodes.length === snapshot.nodes.length) return []
  const plugins = filters.flatMap(({ only }) => (only ? [only.plugin] : [])).toSorted()
  const why = `node(s) didn't satisfy plugin(s) [${plugins.join(' ')}]`
  const rejection = unresolvable(plugins[0] ?? '', why)
  const seen = new Set(nodes.map(({ name }) => name))
  return snapshot.nodes.flatMap(({ name }) => (seen.has(name) ? [] : [[name, rejection]]))
}

interface Search {
  readonly feasible: NodeInfo[]
  readonly rejections: Map<string, Rejection>
  readonly evaluated: number
}

function searchFeasible(
  pod: PodInfo,
  filters: readonly NodeFilter[],
  nodes: readonly NodeInfo[],
  { startAt, percentageOfNodesToScore, nominator }: SearchOptions,
): Search {
  const enough = feasibleEnough(nodes.length, percentageOfNodesToScore)
  const feasible: NodeInfo[] = []
  const rejections = new Map<string, Rejection>()
  let evaluated = 0
  while (evaluated < nodes.length && feasible.length < enough) {
    const node = nodes[(startAt + evaluated) % nodes.length]!
    evaluated += 1
    const rejection = filterWithRivals(filters, node, nominator.rivals(node.name, pod))
    if (rejection) rejections.set(node.name, rejection)
    else feasible.push(node)
  }
  return { feasible, rejections, evaluated }
}

/** Pods that the node was promised to count as if they were there; it must do without them, too. */
function filterWithRivals(
  filters: readonly NodeFilter[],
  node: NodeInfo,
  rivals: readonly PodInfo[],
): Rejection | undefined {
  if (rivals.length > 0) {
    const crowded = node.clone()
    for (const rival of rivals) {
      crowded.addPod(rival)
      for (const filter of filters) filter.addPod?.(rival, crowded)
    }
    const rejection = runFilters(filters, crowded)
    for (const rival of rivals) for (const filter of filters) filter.removePod?.(rival, crowded)
    if (rejection) return rejection
  }
  return runFilters(filters, node)
}

/** minFeasibleNodesToFind and minFeasibleNodesPercentageToFind upstream. */
const feasibleMin = 100
const percentageMin = 5

/** How many feasible nodes are enough to choose from: all up to 100, then a share that falls to 5 %. */
export function feasibleEnough(nodeCount: number, percentage: number): number {
  if (nodeCount < feasibleMin) return nodeCount
  const share =
    percentage === 0 ? Math.max(percentageMin, 50 - Math.floor(nodeCount / 125)) : percentage
  return Math.max(feasibleMin, Math.floor((nodeCount * share) / 100))
}

/** The highest score; among equals one at random. */
function chooseBest(
  profile: Profile,
  pod: PodInfo,
  snapshot: Snapshot,
  feasible: readonly NodeInfo[],
  random: Random,
): NodeInfo {
  if (feasible.length === 1) return feasible[0]!
  const scores = scoreNodes(profile, pod, snapshot, feasible)
  const highest = scores.reduce((most, score) => Math.max(most, score), -Infinity)
  const best = feasible.filter((_, i) => scores[i] === highest)
  return best[random.int(best.length)]!
}
