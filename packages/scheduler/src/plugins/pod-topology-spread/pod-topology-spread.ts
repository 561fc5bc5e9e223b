import type { NodeInfo } from '../../cache/node-info.ts'
import type { PodInfo } from '../../cache/pod-info.ts'
import type { Snapshot } from '../../cache/snapshot.ts'
import type {
  FilterPlugin,
  NodeScorer,
  PreFilterResult,
  RequeueEvent,
  ScorePlugin,
} from '../../framework/interface.ts'
import { constraintsOf, defaultConstraints } from './constraints.ts'
import type { PodSelectors } from './pod-selectors.ts'
import { SpreadFilter } from './spread-filter.ts'
import { SpreadScorer } from './spread-scorer.ts'

/** Spreads pods over nodes, zones or any domain: by the pod's constraints, else softly with its fellows' selector. */
export class PodTopologySpread implements FilterPlugin, ScorePlugin {
  readonly name = 'PodTopologySpread'
  readonly events: readonly RequeueEvent[] = [
    { event: { resource: 'AssignedPod', actions: ['Add', 'Delete', 'UpdatePodLabel'] } },
    { event: { resource: 'UnscheduledPod', actions: ['UpdatePodLabel', 'UpdatePodTolerations'] } },
    {
      event: { resource: 'Node', actions: ['Add', 'Delete', 'UpdateNodeLabel', 'UpdateNodeTaint'] },
    },
  ]
  readonly #selectors: PodSelectors

  constructor(selectors: PodSelectors) {
    this.#selectors = selectors
  }

  preFilter(pod: PodInfo, snapshot: Snapshot): PreFilterResult {
    const constraints = constraintsOf(pod, 'DoNotSchedule')
    if (constraints.length === 0) return { kind: 'skip' }
    return { kind: 'filter', filter: new SpreadFilter(this.name, pod, constraints, snapshot) }
  }

  preScore(pod: PodInfo, snapshot: Snapshot, nodes: readonly NodeInfo[]): NodeScorer | undefined {
    const stated = (pod.pod.spec.topologySpreadConstraints ?? []).length > 0
    const constraints = stated
      ? constraintsOf(pod, 'ScheduleAnyway')
      : defaultConstraints(pod, this.#selectors.of(pod))
    if (constraints.length === 0) return undefined
    return new SpreadScorer(pod, constraints, snapshot, nodes, stated)
  }
}
