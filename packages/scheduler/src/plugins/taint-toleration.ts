import type { Taint, Toleration } from '@kemu/api'
import { toleratesAny, untoleratedTaint } from '@kemu/controller-runtime'
import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import type {
  FilterPlugin,
  NodeScorer,
  PreFilterResult,
  RequeueEvent,
  ScorePlugin,
} from '../framework/interface.ts'
import { unresolvable } from '../framework/status.ts'
import { normalizeReversed } from './normalize.ts'

const hardEffects = ['NoSchedule', 'NoExecute']

/** Taints that keep pods away, hard (NoSchedule, NoExecute) and soft (PreferNoSchedule). */
export class TaintToleration implements FilterPlugin, ScorePlugin {
  readonly name = 'TaintToleration'
  readonly events: readonly RequeueEvent[] = [
    {
      event: { resource: 'Node', actions: ['Add', 'UpdateNodeTaint'] },
      hint: ({ pod }, { object }) =>
        untoleratedTaint(taintsOf(object), pod.spec.tolerations, hardEffects) === undefined,
    },
    { event: { resource: 'UnscheduledPod', actions: ['UpdatePodTolerations'] } },
  ]
  readonly #rejection = unresolvable(this.name, 'node(s) had untolerated taint(s)')

  preFilter({ pod }: PodInfo): PreFilterResult {
    const tolerations = pod.spec.tolerations
    const filter = ({ node }: NodeInfo) => {
      const taints = node?.spec?.taints
      if (!taints || taints.length === 0) return undefined
      return untoleratedTaint(taints, tolerations, hardEffects) ? this.#rejection : undefined
    }
    return { kind: 'filter', filter: { filter } }
  }

  preScore({ pod }: PodInfo): NodeScorer {
    // Only tolerations that could meet a soft taint count.
    const tolerations = (pod.spec.tolerations ?? []).filter(
      (t) => !t.effect || t.effect === 'PreferNoSchedule',
    )
    return {
      score: ({ node }) => countIntolerable(node?.spec?.taints, tolerations),
      normalize: normalizeReversed,
    }
  }
}

function taintsOf(object: unknown): Taint[] | undefined {
  return (object as { spec?: { taints?: Taint[] } } | undefined)?.spec?.taints
}

function countIntolerable(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[],
): number {
  if (!taints || taints.length === 0) return 0
  return taints.filter((t) => t.effect === 'PreferNoSchedule' && !toleratesAny(tolerations, t))
    .length
}
