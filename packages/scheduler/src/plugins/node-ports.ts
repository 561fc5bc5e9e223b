import type { NodeInfo } from '../cache/node-info.ts'
import type { HostPort, PodInfo } from '../cache/pod-info.ts'
import type { FilterPlugin, PreFilterResult, RequeueEvent } from '../framework/interface.ts'
import { unschedulable } from '../framework/status.ts'

/** Host ports that the pod asks for must be free on the node. */
export class NodePorts implements FilterPlugin {
  readonly name = 'NodePorts'
  readonly events: readonly RequeueEvent[] = [
    { event: { resource: 'AssignedPod', actions: ['Delete'] } },
    { event: { resource: 'Node', actions: ['Add'] } },
  ]
  readonly #rejection = unschedulable(
    this.name,
    "node(s) didn't have free ports for the requested pod ports",
  )

  preFilter({ hostPorts }: PodInfo): PreFilterResult {
    if (hostPorts.length === 0) return { kind: 'skip' }
    const filter = (node: NodeInfo) =>
      hostPorts.some((wanted) => node.hostPorts.some((used) => clash(wanted, used)))
        ? this.#rejection
        : undefined
    return { kind: 'filter', filter: { filter } }
  }
}

const anyAddress = '0.0.0.0'

function clash(a: HostPort, b: HostPort): boolean {
  return (
    a.port === b.port &&
    a.protocol === b.protocol &&
    (a.address === b.address || a.address === anyAddress || b.address === anyAddress)
  )
}
