import type { Clock } from '@kemu/base'
import type { KeyValueStore } from '../store/key-value-store.ts'

interface SharedLease {
  readonly id: Promise<string>
  readonly grantedMs: number
  uses: number
}

/** Objects that share a lease may live longer than they should by this (etcd3 lease manager). */
const reuseMs = 60_000
const usesMax = 1_000

/**
 * Leases for objects that expire. Many share one: a lease for each event would double the store's
 * work.
 */
export class LeasePool {
  readonly #store: KeyValueStore
  readonly #clock: Clock
  readonly #ttlSeconds: number
  #current: SharedLease | undefined

  constructor(store: KeyValueStore, clock: Clock, ttlSeconds: number) {
    this.#store = store
    this.#clock = clock
    this.#ttlSeconds = ttlSeconds
  }

  take(): Promise<string> {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#current
    if (known && known.uses < usesMax && nowMs - known.grantedMs < this.#reuseMs) {
      known.uses += 1
      return known.id
    }
    const id = this.#store.grantLease(this.#ttlSeconds + Math.ceil(this.#reuseMs / 1000))
    const lease = { id, grantedMs: nowMs, uses: 1 }
    this.#current = lease
    id.catch(() => {
      if (this.#current === lease) this.#current = undefined
    })
    return id
  }

  /** Short lives are not stretched by much. */
  get #reuseMs(): number {
    return Math.min(reuseMs, this.#ttlSeconds * 50)
  }
}
