import { podFitsNodeSelector, Selector, selectorOf } from '@kemu/api'
import type { Requirement, TopologySpreadConstraint } from '@kemu/api'
import { untoleratedTaint } from '@kemu/controller-runtime'
import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo } from '../../cache/pod-info.ts'

export const hostnameLabel = 'kubernetes.io/hostname'
const zoneLabel = 'topology.kubernetes.io/zone'

/** A constraint as the plugin works with it. */
export interface SpreadConstraint {
  readonly maxSkew: number
  readonly topologyKey: string
  readonly selector: Selector
  /** Names the pair of namespace and selector for NodeInfo's counts. */
  readonly countKey: string
  readonly minDomains: number
  readonly honorAffinity: boolean
  readonly honorTaints: boolean
}

type WhenUnsatisfiable = 'DoNotSchedule' | 'ScheduleAnyway'

/** The pod's own constraints of one sort. */
export function constraintsOf(pod: PodInfo, sort: WhenUnsatisfiable): SpreadConstraint[] {
  return (pod.pod.spec.topologySpreadConstraints ?? [])
    .filter((constraint) => constraint.whenUnsatisfiable === sort)
    .map((constraint) => parse(pod, constraint))
}

/** What spreads pods that state nothing: softly over nodes and zones (systemDefaultConstraints). */
export function defaultConstraints(pod: PodInfo, selector: Selector): SpreadConstraint[] {
  if (selector.empty) return []
  const of = (topologyKey: string, maxSkew: number): SpreadConstraint => ({
    maxSkew,
    topologyKey,
    selector,
    countKey: countKeyOf(pod, selector),
    minDomains: 1,
    honorAffinity: true,
    honorTaints: false,
  })
  return [of(hostnameLabel, 3), of(zoneLabel, 5)]
}

function parse(pod: PodInfo, constraint: TopologySpreadConstraint): SpreadConstraint {
  const own: Requirement[] = (constraint.matchLabelKeys ?? [])
    .filter((key) => pod.labels[key] !== undefined)
    .map((key) => ({ key, operator: 'in', values: [pod.labels[key]!] }))
  const stated = selectorOf(constraint.labelSelector)
  const selector =
    own.length === 0 || !constraint.labelSelector
      ? stated
      : new Selector([...stated.requirements, ...own])
  return {
    maxSkew: constraint.maxSkew,
    topologyKey: constraint.topologyKey,
    selector,
    countKey: countKeyOf(pod, selector),
    minDomains: constraint.minDomains ?? 1,
    honorAffinity: (constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor',
    honorTaints: constraint.nodeTaintsPolicy === 'Honor',
  }
}

function countKeyOf(pod: PodInfo, selector: Selector): string {
  const nothing = selector.requirements.length === 0 && !selector.empty
  return `${pod.namespace}|${nothing ? '-' : selector.toString()}`
}

export function matchingPods(pod: PodInfo, constraint: SpreadConstraint, node: NodeInfo): number {
  return node.countMatching(constraint.countKey, pod.namespace, constraint.selector)
}

export function hasAllKeys(node: NodeInfo, constraints: readonly SpreadConstraint[]): boolean {
  return constraints.every(({ topologyKey }) => topologyKey in node.labels)
}

/** Whether a node counts for the constraint at all (KEP-3094 node inclusion policies). */
export function included(pod: PodInfo, constraint: SpreadConstraint, node: NodeInfo): boolean {
  if (constraint.honorAffinity && !podFitsNodeSelector(pod.pod, node.node!)) return false
  if (!constraint.honorTaints) return true
  const { tolerations } = pod.pod.spec
  const hard = ['NoSchedule', 'NoExecute']
  return untoleratedTaint(node.node!.spec?.taints, tolerations, hard) === undefined
}
