import type { NodeInfo } from '../../cache/node-info.ts'
import type { AffinityTerm, PodInfo } from '../../cache/pod-info.ts'
import type { Snapshot } from '../../cache/snapshot.ts'
import type { NodeFilter } from '../../framework/interface.ts'
import { unresolvable, unschedulable } from '../../framework/status.ts'
import type { Rejection } from '../../framework/status.ts'
import { TopologyCounts } from './topology-counts.ts'

/** Whether a term speaks of a pod: by its namespace (or that namespace's labels) and its labels. */
export type TermMatches = (term: AffinityTerm, pod: PodInfo) => boolean

/** Required affinity and anti-affinity of one pod in one cycle, both ways, kept under thought experiments. */
export class AffinityFilter implements NodeFilter {
  readonly #pod: PodInfo
  readonly #matches: TermMatches
  /** Pods that all of the pod's affinity terms speak of. */
  readonly #near = new TopologyCounts()
  /** Pods that some anti-affinity term of the pod speaks of. */
  readonly #far = new TopologyCounts()
  /** Pods that have an anti-affinity term which speaks of this pod. */
  readonly #repelling = new TopologyCounts()
  readonly #affinityRejection: Rejection
  readonly #antiRejection: Rejection
  readonly #repelled: Rejection

  constructor(plugin: string, pod: PodInfo, snapshot: Snapshot, matches: TermMatches) {
    this.#pod = pod
    this.#matches = matches
    this.#affinityRejection = unresolvable(plugin, "node(s) didn't match pod affinity rules")
    this.#antiRejection = unschedulable(plugin, "node(s) didn't match pod anti-affinity rules")
    this.#repelled = unschedulable(
      plugin,
      "node(s) didn't satisfy existing pods anti-affinity rules",
    )
    const { requiredAffinity, requiredAntiAffinity } = pod.affinity
    const own = requiredAffinity.length + requiredAntiAffinity.length > 0
    if (own) {
      for (const node of snapshot.nodes)
        for (const other of node.pods) this.#countOwn(other, node, 1)
    }
    for (const node of snapshot.nodesWithRequiredAntiAffinity)
      for (const other of node.podsWithRequiredAntiAffinity) this.#countRepelling(other, node, 1)
  }

  /** True when no rule of anybody concerns the pod. */
  get idle(): boolean {
    const { requiredAffinity, requiredAntiAffinity } = this.#pod.affinity
    return requiredAffinity.length + requiredAntiAffinity.length === 0 && this.#repelling.empty
  }

  filter({ labels }: NodeInfo): Rejection | undefined {
    if (!this.#nearEnough(labels)) return this.#affinityRejection
    for (const { topologyKey } of this.#pod.affinity.requiredAntiAffinity)
      if (this.#far.get(topologyKey, labels) > 0) return this.#antiRejection
    return this.#repelling.anyPositive(labels) ? this.#repelled : undefined
  }

  addPod(pod: PodInfo, node: NodeInfo): void {
    this.#countOwn(pod, node, 1)
    this.#countRepelling(pod, node, 1)
  }

  removePod(pod: PodInfo, node: NodeInfo): void {
    this.#countOwn(pod, node, -1)
    this.#countRepelling(pod, node, -1)
  }

  #nearEnough(labels: Readonly<Record<string, string>>): boolean {
    const terms = this.#pod.affinity.requiredAffinity
    if (!terms.every(({ topologyKey }) => topologyKey in labels)) return false
    if (terms.every(({ topologyKey }) => this.#near.get(topologyKey, labels) > 0)) return true
    // The first pod of a group that wants to be together has nobody to join: it may found the group.
    return this.#near.empty && this.#matchesAll(this.#pod)
  }

  #countOwn(other: PodInfo, { labels }: NodeInfo, by: 1 | -1): void {
    const { requiredAffinity, requiredAntiAffinity } = this.#pod.affinity
    if (requiredAffinity.length > 0 && this.#matchesAll(other))
      for (const { topologyKey } of requiredAffinity) this.#near.add(topologyKey, labels, by)
    for (const term of requiredAntiAffinity)
      if (this.#matches(term, other)) this.#far.add(term.topologyKey, labels, by)
  }

  #countRepelling(other: PodInfo, { labels }: NodeInfo, by: 1 | -1): void {
    for (const term of other.affinity.requiredAntiAffinity)
      if (this.#matches(term, this.#pod)) this.#repelling.add(term.topologyKey, labels, by)
  }

  #matchesAll(other: PodInfo): boolean {
    const terms = this.#pod.affinity.requiredAffinity
    return terms.length > 0 && terms.every((term) => this.#matches(term, other))
  }
}
