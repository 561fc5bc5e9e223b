import type { Namespace } from '@kemu/api'
import type { Lister } from '@kemu/client'
import type { AffinityTerm, PodInfo } from '../../cache/pod-info.ts'
import type { Snapshot } from '../../cache/snapshot.ts'
import type {
  FilterPlugin,
  NodeScorer,
  PreFilterResult,
  RequeueEvent,
  ScorePlugin,
} from '../../framework/interface.ts'
import { AffinityFilter } from './affinity-filter.ts'
import { AffinityScorer } from './affinity-scorer.ts'

/** Pods that want to be near other pods, or far from them, within a domain such as a host or a zone. */
export class InterPodAffinity implements FilterPlugin, ScorePlugin {
  readonly name = 'InterPodAffinity'
  readonly events: readonly RequeueEvent[] = [
    { event: { resource: 'AssignedPod', actions: ['Add', 'Delete', 'UpdatePodLabel'] } },
    { event: { resource: 'UnscheduledPod', actions: ['UpdatePodLabel'] } },
    { event: { resource: 'Node', actions: ['Add', 'UpdateNodeLabel', 'UpdateNodeTaint'] } },
    { event: { resource: 'Namespace', actions: ['Add', 'Update'] } },
  ]
  readonly #namespaces: Lister<Namespace>

  constructor(namespaces: Lister<Namespace>) {
    this.#namespaces = namespaces
  }

  preFilter(pod: PodInfo, snapshot: Snapshot): PreFilterResult {
    const filter = new AffinityFilter(this.name, pod, snapshot, this.#matches)
    // Thought experiments may add a pod that repels this one, but never one that does so already on a node: those were
    // counted. So without any rule there is nothing to keep up to date.
    return filter.idle ? { kind: 'skip' } : { kind: 'filter', filter }
  }

  preScore(pod: PodInfo, snapshot: Snapshot): NodeScorer | undefined {
    const scorer = new AffinityScorer(pod, snapshot, this.#matches)
    return scorer.idle ? undefined : scorer
  }

  readonly #matches = (term: AffinityTerm, { namespace, labels }: PodInfo): boolean =>
    term.selector.matches(labels) &&
    (term.namespaces.has(namespace) ||
      term.namespaceSelector.matches(this.#namespaces.get(namespace)?.metadata.labels))
}
