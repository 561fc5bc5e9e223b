import { formatTime, parseTime } from '@kemu/api'
import type { Lease, Node, NodeCondition } from '@kemu/api'

/** Conditions that a silent kubelet leaves unknown. */
const observedConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const

/** When a node was last heard of, on our own clock: its timestamps are compared, never trusted. */
export class NodeHealth {
  #heartbeat = ''
  #renewTime = ''
  #heardAtMs: number

  constructor(nowMs: number) {
    this.#heardAtMs = nowMs
  }

  get heardAtMs(): number {
    return this.#heardAtMs
  }

  /** Takes note of a new status or a renewed lease. */
  observe(node: Node, lease: Lease | undefined, nowMs: number): void {
    const ready = readyCondition(node)
    const heartbeat = ready
      ? `${ready.lastHeartbeatTime} ${ready.status} ${ready.lastTransitionTime}`
      : ''
    const renewTime = lease?.spec.renewTime ?? ''
    // What we wrote ourselves (Unknown) is no sign of life.
    const status = ready?.status !== 'Unknown' && heartbeat !== this.#heartbeat
    if (status || renewTime !== this.#renewTime) this.#heardAtMs = nowMs
    this.#heartbeat = heartbeat
    this.#renewTime = renewTime
  }

  /** Starts the silence anew: after an outage of everything, nobody is to blame. */
  forgive(nowMs: number): void {
    this.#heardAtMs = nowMs
  }
}

export function readyCondition(node: Node): NodeCondition | undefined {
  return node.status?.conditions?.find((condition) => condition.type === 'Ready')
}

export type Readiness = 'True' | 'False' | 'Unknown'

export function readinessOf(node: Node): Readiness {
  const status = readyCondition(node)?.status
  return status === 'True' || status === 'False' ? status : 'Unknown'
}

/** How long the node may be silent: a node that never told anything is still starting. */
export function graceMsOf(
  node: Node,
  config: { readonly graceMs: number; readonly startupGraceMs: number },
): number {
  return readyCondition(node) ? config.graceMs : config.startupGraceMs
}

/** The conditions of a node that fell silent; undefined when all say so already. */
export function silentConditions(node: Node, nowMs: number): NodeCondition[] | undefined {
  const conditions = node.status?.conditions ?? []
  const now = formatTime(nowMs)
  let changed = false
  const next = [...conditions]
  for (const type of observedConditions) {
    const at = next.findIndex((condition) => condition.type === type)
    const old = next[at]
    if (!old) {
      next.push({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: node.metadata.creationTimestamp,
        lastTransitionTime: now,
      })
      changed = true
    } else if (old.status !== 'Unknown') {
      next[at] = {
        ...old,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: now,
      }
      changed = true
    }
  }
  return changed ? next : undefined
}

/** Age of the node by its creation time; for nodes that were there before this process. */
export function createdAtMs(node: Node): number {
  return parseTime(node.metadata.creationTimestamp)
}
