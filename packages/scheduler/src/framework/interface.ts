import type { PodInfo } from '../cache/pod-info.ts'
import type { NodeInfo } from '../cache/node-info.ts'
import type { Snapshot } from '../cache/snapshot.ts'
import type { ClusterEvent, QueueingHint } from '../queue/requeue-events.ts'
import type { Rejection } from './status.ts'

/** The range of a normalized score. */
export const maxNodeScore = 100

/**
 * A plugin serves one or more extension points, which a pod passes in this order:
 *
 *     PreEnqueue -> (queue) -> PreFilter -> Filter -> PostFilter on failure
 *                                        -> PreScore -> Score -> Normalize -> Bind
 *
 * Everything up to Score is pure: it sees the pod and the snapshot of one cycle. What a plugin computes once a cycle it
 * keeps in the object that `preFilter` or `preScore` returns; nothing is passed through a shared bag. Upstream's Reserve,
 * Permit, PreBind and PostBind have no plugin here.
 */
export interface Plugin {
  /** As in KubeSchedulerConfiguration, statuses and metrics. */
  readonly name: string
  /** Events that can make a pod schedulable which this plugin rejected. None stated: every event is taken for one. */
  readonly events?: readonly RequeueEvent[]
}

export interface RequeueEvent {
  readonly event: ClusterEvent
  /** Absent: the event always brings the pod back. */
  readonly hint?: QueueingHint
}

export interface PreEnqueuePlugin extends Plugin {
  /** A rejected pod does not enter the active queue. Called again when the pod changes. */
  preEnqueue(pod: PodInfo): Rejection | undefined
}

export interface QueueSortPlugin extends Plugin {
  /** Negative: a goes first. */
  compare(a: QueueOrder, b: QueueOrder): number
}

/** What the queue knows of a pod that a sort may use. */
export interface QueueOrder {
  readonly priority: number
  /** When the pod entered the queue, on the monotonic clock. */
  readonly queuedAtMs: number
}

/** The answer of PreFilter: this cycle needs no filter of this plugin, or here it is, or no node can do. */
export type PreFilterResult =
  | { readonly kind: 'skip' }
  | { readonly kind: 'filter'; readonly filter: NodeFilter }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }

/** A plugin's filter for one pod in one cycle. */
export interface NodeFilter {
  /** Only these nodes can pass, says that plugin; absent means any. */
  readonly only?: { readonly plugin: string; readonly nodeNames: ReadonlySet<string> }
  /** Called for nodes in any order; must be fast: it runs for each pair of pod and node. */
  filter(node: NodeInfo): Rejection | undefined
  /** The node's pods change in a thought experiment (preemption, nominated pods); absent: no state depends on them. */
  addPod?(pod: PodInfo, node: NodeInfo): void
  removePod?(pod: PodInfo, node: NodeInfo): void
}

export interface FilterPlugin extends Plugin {
  preFilter(pod: PodInfo, snapshot: Snapshot): PreFilterResult
}

/** A plugin's scoring for one pod in one cycle. */
export interface NodeScorer {
  /** Any number; higher is better. */
  score(node: NodeInfo): number
  /** Brings all scores of the cycle, in place, into 0..maxNodeScore; absent: they are. */
  normalize?(scores: number[], nodes: readonly NodeInfo[]): void
}

export interface ScorePlugin extends Plugin {
  /** undefined: nothing to say about this pod. */
  preScore(pod: PodInfo, snapshot: Snapshot, nodes: readonly NodeInfo[]): NodeScorer | undefined
}

/** What PostFilter found: perhaps a node that evictions would free, and a message for the event either way. */
export interface PostFilterResult {
  readonly message: string
  readonly plan?: PreemptionPlan
  /** True: a nomination that the pod has does not stand any more. */
  readonly clearNomination?: boolean
}

export interface PreemptionPlan {
  readonly nodeName: string
  /** Most important first. */
  readonly victims: readonly PodInfo[]
  /** Pods nominated to that node that matter less: their nomination ends. */
  readonly displaced: readonly PodInfo[]
}

export interface PostFilterPlugin extends Plugin {
  postFilter(attempt: FailedAttempt): PostFilterResult
}

/** A cycle that found no node, as PostFilter sees it. */
export interface FailedAttempt {
  readonly pod: PodInfo
  readonly snapshot: Snapshot
  /** Why each node was rejected; nodes that are not in it could never do. */
  readonly rejections: ReadonlyMap<string, Rejection>
  /** The filters of the profile for this pod, fresh, for thought experiments. */
  prepareFilters(): readonly NodeFilter[] | undefined
}

export interface BindPlugin extends Plugin {
  bind(pod: PodInfo, nodeName: string): Promise<void>
}
