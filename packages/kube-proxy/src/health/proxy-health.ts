import type { Clock } from '@kemu/base'
import type { Node } from '@kemu/api'

/** A change that is not in effect after this long is a failure (upstream: 2 * iptables.syncPeriod, 30 s by default). */
const healthTimeoutMs = 60_000
/** The cluster autoscaler's mark of a node that is about to go (KEP-3836): load balancers must leave it. */
const toBeDeletedTaint = 'ToBeDeletedByClusterAutoscaler'

/** The body of /healthz and /livez, with upstream's keys in upstream's order. */
export interface ProxyHealthReport {
  readonly lastUpdated: string
  readonly currentTime: string
  readonly nodeEligible?: boolean
  readonly status: Record<string, { readonly lastUpdated: string; readonly healthy: boolean }>
}

/** Whether what was asked for is in effect. Healthy from the start until a change is overdue. */
export class ProxyHealth {
  readonly #clock: Clock
  #pendingSinceMs: number | undefined
  #updatedAtMs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  queued(): void {
    this.#pendingSinceMs ??= this.#clock.now()
  }

  updated(): void {
    this.#pendingSinceMs = undefined
    this.#updatedAtMs = this.#clock.now()
  }

  get isHealthy(): boolean {
    const since = this.#pendingSinceMs
    return since === undefined || this.#clock.now() - since < healthTimeoutMs
  }

  report(isHealthy: boolean, nodeEligible?: boolean): ProxyHealthReport {
    const nowMs = this.#clock.now()
    const updated = this.#updatedAtMs
    const status = { lastUpdated: timeText(updated), healthy: this.isHealthy }
    return {
      // While healthy upstream shows the time of the question, as older releases did.
      lastUpdated: timeText(isHealthy ? nowMs : updated),
      currentTime: timeText(nowMs),
      ...(nodeEligible !== undefined && { nodeEligible }),
      status: updated === undefined ? {} : { IPv4: status },
    }
  }
}

/** A node that is going away must get no new traffic from outside: /healthz turns red, /livez does not. */
export function isNodeEligible(node: Node | undefined): boolean {
  if (!node || node.metadata.deletionTimestamp) return false
  return !(node.spec.taints ?? []).some((taint) => taint.key === toBeDeletedTaint)
}

function timeText(ms: number | undefined): string {
  return ms === undefined ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString()
}
