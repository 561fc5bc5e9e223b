import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import type { FilterPlugin, PreFilterResult, RequeueEvent } from '../framework/interface.ts'
import { unresolvable } from '../framework/status.ts'

/** A pod that names its node goes nowhere else. */
export class NodeName implements FilterPlugin {
  readonly name = 'NodeName'
  readonly events: readonly RequeueEvent[] = [
    { event: { resource: 'Node', actions: ['Add', 'UpdateNodeTaint'] } },
  ]

  preFilter({ pod }: PodInfo): PreFilterResult {
    const wanted = pod.spec.nodeName
    if (!wanted) return { kind: 'skip' }
    const rejection = unresolvable(this.name, "node(s) didn't match the requested node name")
    const filter = ({ name }: NodeInfo) => (name === wanted ? undefined : rejection)
    return { kind: 'filter', filter: { filter } }
  }
}
