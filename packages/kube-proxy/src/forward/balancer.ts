import { cidrContains, parseIp } from '@kemu/network/address'
import type { Cidr } from '@kemu/network/address'
import type { Random } from '@kemu/base'
import type { Backend, Frontend } from '../plan/frontend.ts'
import type { AffinityTable } from './affinity-table.ts'

/** Who counts as inside the cluster: addresses of its pods (clusterCIDR) and of this node. */
export type IsInside = (client: string) => boolean

/** Chooses the endpoints of one frontend's clients: at random, or the one that the client had before. */
export class Balancer {
  #frontend: Frontend
  #changed: (() => void)[] = []
  readonly #affinity: AffinityTable
  readonly #random: Random
  readonly #isInside: IsInside

  constructor(frontend: Frontend, affinity: AffinityTable, random: Random, isInside: IsInside) {
    this.#frontend = frontend
    this.#affinity = affinity
    this.#random = random
    this.#isInside = isInside
  }

  update(frontend: Frontend): void {
    this.#frontend = frontend
    const waiting = this.#changed
    this.#changed = []
    for (const wake of waiting) wake()
  }

  /** Whether loadBalancerSourceRanges let this client in. */
  admits(client: string): boolean {
    const { sourceRanges } = this.#frontend
    return sourceRanges.length === 0 || isWithin(sourceRanges, client)
  }

  /** An endpoint that was not tried yet; undefined when none is left. */
  choose(client: string, tried: readonly Backend[]): Backend | undefined {
    const { affinityMs } = this.#frontend
    const left = this.#allowed(client).filter((backend) => !isAmong(backend, tried))
    if (left.length === 0) return undefined
    const pinned =
      affinityMs === undefined ? undefined : this.#affinity.find(client, left, affinityMs)
    return pinned ?? left[this.#random.int(left.length)]
  }

  /** The client was connected to it: its next connections go there too, where the service asks for that. */
  connected(client: string, backend: Backend): void {
    const { affinityMs } = this.#frontend
    if (affinityMs !== undefined) this.#affinity.pin(client, backend, affinityMs)
  }

  /** Whether a running session may go on with this endpoint. */
  isAllowed(client: string, backend: Backend): boolean {
    return isAmong(backend, this.#allowed(client))
  }

  /** Calls once at the next change of the endpoints; the answer takes the call back. */
  onceChanged(wake: () => void): () => void {
    this.#changed.push(wake)
    return () => (this.#changed = this.#changed.filter((other) => other !== wake))
  }

  #allowed(client: string): readonly Backend[] {
    const { backends, insideBackends } = this.#frontend
    return backends !== insideBackends && this.#isInside(client) ? insideBackends : backends
  }
}

function isAmong({ address, port }: Backend, backends: readonly Backend[]): boolean {
  return backends.some((other) => other.address === address && other.port === port)
}

function isWithin(ranges: readonly Cidr[], client: string): boolean {
  const address = parseIp(client)
  return address !== undefined && ranges.some((range) => cidrContains(range, address))
}
