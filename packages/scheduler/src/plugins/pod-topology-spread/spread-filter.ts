import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo } from '../../cache/pod-info.ts'
import type { Snapshot } from '../../cache/snapshot.ts'
import type { NodeFilter } from '../../framework/interface.ts'
import { unresolvable, unschedulable } from '../../framework/status.ts'
import type { Rejection } from '../../framework/status.ts'
import { hasAllKeys, included, matchingPods } from './constraints.ts'
import type { SpreadConstraint } from './constraints.ts'

const mismatch = "node(s) didn't match pod topology spread constraints"

/** Hard constraints of one pod in one cycle: counts by domain, kept under thought experiments. */
export class SpreadFilter implements NodeFilter {
  readonly #pod: PodInfo
  readonly #constraints: readonly SpreadConstraint[]
  /** For each constraint: matching pods by domain. */
  readonly #counts: Map<string, number>[]
  readonly #rejection: Rejection
  readonly #missingLabel: Rejection

  constructor(
    plugin: string,
    pod: PodInfo,
    constraints: readonly SpreadConstraint[],
    snapshot: Snapshot,
  ) {
    this.#pod = pod
    this.#constraints = constraints
    this.#rejection = unschedulable(plugin, mismatch)
    this.#missingLabel = unresolvable(plugin, `${mismatch} (missing required label)`)
    this.#counts = constraints.map(() => new Map<string, number>())
    for (const node of snapshot.nodes) this.#countNode(node)
  }

  filter(node: NodeInfo): Rejection | undefined {
    for (const [i, constraint] of this.#constraints.entries()) {
      const domain = node.labels[constraint.topologyKey]
      if (domain === undefined) return this.#missingLabel
      const own = constraint.selector.matches(this.#pod.labels) ? 1 : 0
      const there = this.#counts[i]!.get(domain) ?? 0
      if (there + own - this.#least(i, constraint) > constraint.maxSkew) return this.#rejection
    }
    return undefined
  }

  addPod(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, 1)
  }

  removePod(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, -1)
  }

  #countNode(node: NodeInfo): void {
    if (!hasAllKeys(node, this.#constraints)) return
    for (const [i, constraint] of this.#constraints.entries()) {
      if (!included(this.#pod, constraint, node)) continue
      this.#add(i, constraint, node, matchingPods(this.#pod, constraint, node))
    }
  }

  #change(pod: PodInfo, node: NodeInfo, by: 1 | -1): void {
    if (pod.namespace !== this.#pod.namespace || !hasAllKeys(node, this.#constraints)) return
    for (const [i, constraint] of this.#constraints.entries())
      if (constraint.selector.matches(pod.labels) && included(this.#pod, constraint, node))
        this.#add(i, constraint, node, by)
  }

  #add(i: number, constraint: SpreadConstraint, node: NodeInfo, by: number): void {
    const domain = node.labels[constraint.topologyKey]!
    const counts = this.#counts[i]!
    counts.set(domain, (counts.get(domain) ?? 0) + by)
  }

  /** Fewer domains than minDomains count as one that is empty (KEP-3022). */
  #least(i: number, { minDomains }: SpreadConstraint): number {
    const counts = this.#counts[i]!
    if (counts.size < minDomains || counts.size === 0) return 0
    let least = Infinity
    for (const count of counts.values()) if (count < least) least = count
    return least
  }
}
