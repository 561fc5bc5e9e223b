import { toleratesAny, wellKnownTaints } from '@kemu/controller-runtime'
import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import type { FilterPlugin, PreFilterResult, RequeueEvent } from '../framework/interface.ts'
import { unresolvable } from '../framework/status.ts'

const taint = { key: wellKnownTaints.unschedulable, effect: 'NoSchedule' }

/** A cordoned node takes only pods that tolerate the taint of cordoned nodes. */
export class NodeUnschedulable implements FilterPlugin {
  readonly name = 'NodeUnschedulable'
  readonly events: readonly RequeueEvent[] = [
    { event: { resource: 'Node', actions: ['Add', 'UpdateNodeUnschedulable', 'UpdateNodeTaint'] } },
    { event: { resource: 'UnscheduledPod', actions: ['UpdatePodTolerations'] } },
  ]
  readonly #rejection = unresolvable(this.name, 'node(s) were unschedulable')

  preFilter({ pod }: PodInfo): PreFilterResult {
    if (toleratesAny(pod.spec.tolerations ?? [], taint)) return { kind: 'skip' }
    const filter = ({ node }: NodeInfo) => (node?.spec?.unschedulable ? this.#rejection : undefined)
    return { kind: 'filter', filter: { filter } }
  }
}
