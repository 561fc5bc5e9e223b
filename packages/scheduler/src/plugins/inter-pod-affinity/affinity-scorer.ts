import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo } from '../../cache/pod-info.ts'
import type { Snapshot } from '../../cache/snapshot.ts'
import { maxNodeScore } from '../../framework/interface.ts'
import type { NodeScorer } from '../../framework/interface.ts'
import type { TermMatches } from './affinity-filter.ts'
import { TopologyCounts } from './topology-counts.ts'

/** hardPodAffinityWeight's default: what required affinity of others towards this pod adds to a node's score. */
const hardAffinityWeight = 1

/** Preferred affinity of the pod towards others, and of others towards it. */
export class AffinityScorer implements NodeScorer {
  readonly #pod: PodInfo
  readonly #matches: TermMatches
  readonly #weights = new TopologyCounts()

  constructor(pod: PodInfo, snapshot: Snapshot, matches: TermMatches) {
    this.#pod = pod
    this.#matches = matches
    const { preferredAffinity, preferredAntiAffinity } = pod.affinity
    const prefers = preferredAffinity.length + preferredAntiAffinity.length > 0
    for (const node of prefers ? snapshot.nodes : snapshot.nodesWithAffinity)
      for (const other of prefers ? node.pods : node.podsWithAffinity) this.#weigh(other, node)
  }

  get idle(): boolean {
    return this.#weights.empty
  }

  score({ labels }: NodeInfo): number {
    return this.#weights.sum(labels)
  }

  normalize(scores: number[]): void {
    const least = scores.reduce((a, b) => Math.min(a, b), Infinity)
    const range = scores.reduce((a, b) => Math.max(a, b), -Infinity) - least
    for (const [i, score] of scores.entries())
      scores[i] = range > 0 ? Math.trunc((maxNodeScore * (score - least)) / range) : 0
  }

  #weigh(other: PodInfo, { labels }: NodeInfo): void {
    for (const term of this.#pod.affinity.preferredAffinity)
      if (this.#matches(term, other)) this.#weights.add(term.topologyKey, labels, term.weight)
    for (const term of this.#pod.affinity.preferredAntiAffinity)
      if (this.#matches(term, other)) this.#weights.add(term.topologyKey, labels, -term.weight)
    const theirs = other.affinity
    for (const term of theirs.requiredAffinity)
      if (this.#matches(term, this.#pod))
        this.#weights.add(term.topologyKey, labels, hardAffinityWeight)
    for (const term of theirs.preferredAffinity)
      if (this.#matches(term, this.#pod)) this.#weights.add(term.topologyKey, labels, term.weight)
    for (const term of theirs.preferredAntiAffinity)
      if (this.#matches(term, this.#pod)) this.#weights.add(term.topologyKey, labels, -term.weight)
  }
}
