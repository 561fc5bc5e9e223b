import type { PodDisruptionBudget } from '@kemu/api'
import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo } from '../../cache/pod-info.ts'
import type { NodeFilter } from '../../framework/interface.ts'
import { runFilters } from '../../framework/profile.ts'
import { unresolvable } from '../../framework/status.ts'
import type { Rejection } from '../../framework/status.ts'
import { budgetViolations } from './budget-violations.ts'

export interface Candidate {
  readonly nodeName: string
  /** Most important first. */
  readonly victims: readonly PodInfo[]
  /** Victims whose leaving breaks a budget. */
  readonly violations: number
}

export type VictimSearch =
  | ({ readonly kind: 'victims' } & Candidate)
  | { readonly kind: 'rejected'; readonly rejection: Rejection }

const noVictims = unresolvable('DefaultPreemption', 'No preemption victims found for incoming pod')

/**
 * The least that must go from a node so that the pod fits: without all pods of lower priority it must fit at all; then
 * each is put back while it still fits, first those that budgets hold, the most important first
 * (SelectVictimsOnNode). Pure: works on a copy.
 */
export function selectVictims(
  pod: PodInfo,
  node: NodeInfo,
  filters: readonly NodeFilter[],
  budgets: readonly PodDisruptionBudget[],
): VictimSearch {
  const copy = node.clone()
  const lower = copy.pods.filter((other) => other.priority < pod.priority)
  if (lower.length === 0) return { kind: 'rejected', rejection: noVictims }
  for (const other of lower) take(copy, other, filters)
  const rejection = runFilters(filters, copy)
  if (rejection) {
    for (const other of lower) put(copy, other, filters)
    return { kind: 'rejected', rejection }
  }
  lower.sort(moreImportantFirst)
  const held = budgetViolations(lower, budgets)
  const victims: PodInfo[] = []
  for (const other of [...held, ...lower.filter((info) => !held.has(info))]) {
    put(copy, other, filters)
    if (!runFilters(filters, copy)) continue
    take(copy, other, filters)
    victims.push(other)
  }
  // The filters' states are shared by all nodes of this search: leave them as they were.
  for (const victim of victims) put(copy, victim, filters)
  victims.sort(moreImportantFirst)
  const violations = victims.filter((victim) => held.has(victim)).length
  return { kind: 'victims', nodeName: node.name, victims, violations }
}

function take(node: NodeInfo, pod: PodInfo, filters: readonly NodeFilter[]): void {
  node.removePod(pod)
  for (const filter of filters) filter.removePod?.(pod, node)
}

function put(node: NodeInfo, pod: PodInfo, filters: readonly NodeFilter[]): void {
  node.addPod(pod)
  for (const filter of filters) filter.addPod?.(pod, node)
}

/** Higher priority, then longer running (util.MoreImportantPod). */
function moreImportantFirst(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOf(a) - startOf(b)
}

export function startOf(pod: PodInfo): number {
  return pod.startMs(Number.MAX_SAFE_INTEGER)
}
