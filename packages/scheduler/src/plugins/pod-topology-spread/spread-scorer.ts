import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo } from '../../cache/pod-info.ts'
import type { Snapshot } from '../../cache/snapshot.ts'
import { maxNodeScore } from '../../framework/interface.ts'
import type { NodeScorer } from '../../framework/interface.ts'
import { hasAllKeys, hostnameLabel, included, matchingPods } from './constraints.ts'
import type { SpreadConstraint } from './constraints.ts'

/** Soft constraints of one pod in one cycle: fewer matching pods in the node's domains is better. */
export class SpreadScorer implements NodeScorer {
  readonly #pod: PodInfo
  readonly #constraints: readonly SpreadConstraint[]
  readonly #counts: Map<string, number>[]
  readonly #weights: number[]
  readonly #ignored = new Set<string>()

  /** `allKeysNeeded`: nodes that lack a topology key score 0; the built-in defaults are not that strict. */
  constructor(
    pod: PodInfo,
    constraints: readonly SpreadConstraint[],
    snapshot: Snapshot,
    nodes: readonly NodeInfo[],
    allKeysNeeded: boolean,
  ) {
    this.#pod = pod
    this.#constraints = constraints
    this.#counts = constraints.map(() => new Map<string, number>())
    for (const node of nodes) this.#addDomains(node, allKeysNeeded)
    const size = nodes.length - this.#ignored.size
    // The more domains there are, the more one pod in a domain says (topologyNormalizingWeight).
    this.#weights = constraints.map(({ topologyKey }, i) =>
      Math.log((topologyKey === hostnameLabel ? size : this.#counts[i]!.size) + 2),
    )
    // Hosts are counted one by one when they are scored; without a domain that has a name nothing is left to count.
    if (!this.#counts.some((counts) => counts.size > (counts.has('') ? 1 : 0))) return
    for (const node of snapshot.nodes) this.#countNode(node, allKeysNeeded)
  }

  score(node: NodeInfo): number {
    if (this.#ignored.has(node.name)) return 0
    let score = 0
    for (const [i, constraint] of this.#constraints.entries()) {
      const domain = node.labels[constraint.topologyKey]
      if (domain === undefined) continue
      const count =
        constraint.topologyKey === hostnameLabel
          ? matchingPods(this.#pod, constraint, node)
          : (this.#counts[i]!.get(domain) ?? 0)
      score += count * this.#weights[i]! + (constraint.maxSkew - 1)
    }
    return Math.round(score)
  }

  normalize(scores: number[], nodes: readonly NodeInfo[]): void {
    let least = Infinity
    let most = 0
    for (const [i, score] of scores.entries()) {
      if (this.#ignored.has(nodes[i]!.name)) continue
      least = Math.min(least, score)
      most = Math.max(most, score)
    }
    for (const [i, score] of scores.entries()) {
      if (this.#ignored.has(nodes[i]!.name)) scores[i] = 0
      else if (most === 0) scores[i] = maxNodeScore
      else scores[i] = Math.trunc((maxNodeScore * (most + least - score)) / most)
    }
  }

  #addDomains(node: NodeInfo, allKeysNeeded: boolean): void {
    if (allKeysNeeded && !hasAllKeys(node, this.#constraints)) {
      this.#ignored.add(node.name)
      return
    }
    for (const [i, { topologyKey }] of this.#constraints.entries())
      if (topologyKey !== hostnameLabel) this.#counts[i]!.set(node.labels[topologyKey] ?? '', 0)
  }

  #countNode(node: NodeInfo, allKeysNeeded: boolean): void {
    if (allKeysNeeded && !hasAllKeys(node, this.#constraints)) return
    for (const [i, constraint] of this.#constraints.entries()) {
      const counts = this.#counts[i]!
      const domain = node.labels[constraint.topologyKey]
      const known = domain === undefined ? undefined : counts.get(domain)
      if (domain === undefined || known === undefined || !included(this.#pod, constraint, node))
        continue
      counts.set(domain, known + matchingPods(this.#pod, constraint, node))
    }
  }
}
