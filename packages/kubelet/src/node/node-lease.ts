import { formatMicroTime, isConflict, isNotFound, leases } from '@kemu/api'
import type { Lease, Node } from '@kemu/api'
import type { Clock, Logger, Timer } from '@kemu/base'
import type { Client } from '@kemu/client'

export interface NodeLeaseDeps {
  readonly client: Client
  readonly clock: Clock
  readonly logger: Logger
  readonly node: () => Node | undefined
}

const namespace = 'kube-node-lease'
/** nodeLeaseRenewIntervalFraction: four chances within the lease's duration. */
const renewFraction = 0.25
const retryMs = 1_000

/** The node's sign of life: a Lease of its name, renewed every quarter of its duration. */
export class NodeLease {
  readonly #deps: NodeLeaseDeps
  readonly #name: string
  readonly #durationSeconds: number
  #lease: Lease | undefined
  #timer: Timer | undefined
  #closed = false

  constructor(deps: NodeLeaseDeps, name: string, durationSeconds: number) {
    this.#deps = deps
    this.#name = name
    this.#durationSeconds = durationSeconds
  }

  start(): void {
    void this.#renew()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  async #renew(): Promise<void> {
    const { clock, logger } = this.#deps
    let waitMs = this.#durationSeconds * 1000 * renewFraction
    try {
      await this.#write()
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) this.#lease = undefined
      waitMs = retryMs
      logger.warn('Failed to update lease, will retry', { err: error as Error })
    }
    if (!this.#closed) this.#timer = clock.setTimer(waitMs, () => void this.#renew())
  }

  async #write(): Promise<void> {
    const resource = this.#deps.client.resource(leases, namespace)
    if (!this.#lease) {
      const found = await resource.get(this.#name).catch((error: unknown) => {
        if (isNotFound(error)) return undefined
        throw error
      })
      if (!found) {
        this.#lease = await resource.create(this.#fresh())
        return
      }
      this.#lease = found
    }
    const { metadata, spec } = this.#lease
    const renewTime = formatMicroTime(this.#deps.clock.now())
    this.#lease = await resource.update({
      ...this.#lease,
      metadata: { ...metadata, ...this.#owner() },
      spec: {
        ...spec,
        holderIdentity: this.#name,
        leaseDurationSeconds: this.#durationSeconds,
        renewTime,
      },
    })
  }

  #fresh() {
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: this.#name, namespace, ...this.#owner() },
      spec: {
        holderIdentity: this.#name,
        leaseDurationSeconds: this.#durationSeconds,
        renewTime: formatMicroTime(this.#deps.clock.now()),
      },
    }
  }

  /** The lease goes when the node does. */
  #owner() {
    const node = this.#deps.node()
    if (!node) return {}
    const { name, uid } = node.metadata
    return { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] }
  }
}
