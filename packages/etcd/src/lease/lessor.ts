import type { Clock } from '@kemu/base'
import { code, GrpcError } from '../grpc/status.ts'
import type { LeaseKeys } from '../mvcc/store.ts'

/** etcd: maxLeaseTTL in server/lease/lessor.go, in seconds. */
const ttlSecondsMax = 9_000_000_000

export const leaseErrors = {
  notFound: () => new GrpcError(code.NOT_FOUND, 'etcdserver: requested lease not found'),
  exists: () => new GrpcError(code.FAILED_PRECONDITION, 'etcdserver: lease already exists'),
  ttlTooLarge: () => new GrpcError(code.OUT_OF_RANGE, 'etcdserver: too large lease TTL'),
} as const

/** A promise to keep keys for as long as somebody renews it. */
export interface Lease {
  readonly id: bigint
  /** Granted, in seconds. */
  readonly ttlSeconds: number
  /** What a checkpoint left of it, in seconds; 0 when there was none since the last renewal. */
  remainingSeconds: number
  /** On this process's monotonic clock; infinite where this member does not lead. */
  expiresAtMs: number
  /** When what is left is to be noted in the log; infinite when it need not be. */
  checkpointAtMs: number
  readonly keys: Set<string>
}

/** What was done since this process began; for metrics. */
export interface LeaseCounts {
  granted: number
  revoked: number
  renewed: number
  expired: number
}

export interface LessorConfig {
  /** Shorter grants are lengthened: a lease must outlive an election. */
  readonly ttlSecondsMin: number
  /** The LeaseCheckpoint feature. */
  readonly hasCheckpoints: boolean
}

/** etcd: defaultLeaseCheckpointInterval. */
const checkpointIntervalMs = 5 * 60_000
/** etcd: maxLeaseCheckpointBatchSize. */
const checkpointsMax = 1000

/**
 * Leases and their keys. What is granted follows from the log and is the same on every member; when one expires is the
 * leader's business alone (its clock decides), which then has it revoked through the log.
 */
export class Lessor implements LeaseKeys {
  readonly #clock: Clock
  readonly #config: LessorConfig
  readonly #leases = new Map<bigint, Lease>()
  readonly counts: LeaseCounts = { granted: 0, revoked: 0, renewed: 0, expired: 0 }
  #isPrimary = false
  /** No lease expires before this time. */
  #nextExpiryMs = Number.POSITIVE_INFINITY
  /** No checkpoint is due before this time. */
  #nextCheckpointMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock, config: LessorConfig) {
    this.#clock = clock
    this.#config = config
  }

  get isPrimary(): boolean {
    return this.#isPrimary
  }

  get count(): number {
    return this.#leases.size
  }

  get(id: bigint): Lease | undefined {
    return this.#leases.get(id)
  }

  all(): Lease[] {
    return [...this.#leases.values()]
  }

  /** Throws when the id is taken or the time is too long. */
  grant(id: bigint, ttlSeconds: number): Lease {
    if (ttlSeconds > ttlSecondsMax) throw leaseErrors.ttlTooLarge()
    if (this.#leases.has(id)) throw leaseErrors.exists()
    const lease: Lease = {
      id,
      ttlSeconds: Math.max(ttlSeconds, this.#config.ttlSecondsMin),
      remainingSeconds: 0,
      expiresAtMs: Number.POSITIVE_INFINITY,
      checkpointAtMs: Number.POSITIVE_INFINITY,
      keys: new Set(),
    }
    this.#leases.set(id, lease)
    this.counts.granted += 1
    if (this.#isPrimary) this.#refresh(lease, 0)
    return lease
  }

  /** Takes a lease over from a snapshot. */
  restore(id: bigint, ttlSeconds: number, remainingSeconds: number): void {
    const lease = this.#leases.get(id)
    this.#leases.set(id, {
      id,
      ttlSeconds,
      remainingSeconds,
      expiresAtMs: Number.POSITIVE_INFINITY,
      checkpointAtMs: Number.POSITIVE_INFINITY,
      keys: lease?.keys ?? new Set(),
    })
  }

  /** Forgets the lease; returns its keys, in order, which the caller deletes. Throws when there is none. */
  revoke(id: bigint): string[] {
    const lease = this.#leases.get(id)
    if (!lease) throw leaseErrors.notFound()
    this.#leases.delete(id)
    this.counts.revoked += 1
    return [...lease.keys].sort()
  }

  checkpoint(id: bigint, remainingSeconds: number): void {
    const lease = this.#leases.get(id)
    if (!lease) throw leaseErrors.notFound()
    // When it expires stays as it is; only the next leader begins with what is noted here.
    lease.remainingSeconds = remainingSeconds
    if (this.#isPrimary) this.#scheduleCheckpoint(lease)
  }

  /** What is left of long leases, for the log: a new leader must not begin them anew each time. */
  dueCheckpoints(): { ID: bigint; remaining_TTL: number }[] {
    const now = this.#clock.monotonicMs()
    if (!this.#isPrimary || now < this.#nextCheckpointMs) return []
    const due: { ID: bigint; remaining_TTL: number }[] = []
    this.#nextCheckpointMs = Number.POSITIVE_INFINITY
    for (const lease of this.#leases.values()) {
      if (lease.checkpointAtMs <= now && due.length < checkpointsMax) {
        lease.checkpointAtMs = Number.POSITIVE_INFINITY
        const seconds = Math.ceil((lease.expiresAtMs - now) / 1000)
        if (seconds > 0 && seconds < lease.ttlSeconds) {
          due.push({ ID: lease.id, remaining_TTL: seconds })
        }
      }
      this.#nextCheckpointMs = Math.min(this.#nextCheckpointMs, lease.checkpointAtMs)
    }
    return due
  }

  /** At the leader: the time begins anew. Returns the TTL in seconds. Throws when there is no such lease. */
  renew(id: bigint): number {
    const lease = this.#leases.get(id)
    if (!lease || this.#isExpired(lease)) throw leaseErrors.notFound()
    lease.remainingSeconds = 0
    this.counts.renewed += 1
    this.#refresh(lease, 0)
    return lease.ttlSeconds
  }

  /** Seconds until it expires, by the leader's clock; rounded down as etcd does. */
  remainingSeconds(lease: Lease): number {
    return Math.trunc((lease.expiresAtMs - this.#clock.monotonicMs()) / 1000)
  }

  /** This member leads now: every lease gets its time again, and as long as the election may have taken. */
  promote(extendMs: number): void {
    this.#isPrimary = true
    for (const lease of this.#leases.values()) this.#refresh(lease, extendMs)
  }

  demote(): void {
    this.#isPrimary = false
    this.#nextExpiryMs = Number.POSITIVE_INFINITY
    this.#nextCheckpointMs = Number.POSITIVE_INFINITY
    for (const lease of this.#leases.values()) {
      lease.expiresAtMs = Number.POSITIVE_INFINITY
      lease.checkpointAtMs = Number.POSITIVE_INFINITY
    }
  }

  /** Leases whose time is over; cheap when none can be. */
  expired(): bigint[] {
    const now = this.#clock.monotonicMs()
    if (!this.#isPrimary || now < this.#nextExpiryMs) return []
    const over: bigint[] = []
    this.#nextExpiryMs = Number.POSITIVE_INFINITY
    for (const lease of this.#leases.values()) {
      if (lease.expiresAtMs <= now) over.push(lease.id)
      this.#nextExpiryMs = Math.min(this.#nextExpiryMs, Math.max(lease.expiresAtMs, now + retryMs))
    }
    return over
  }

  attach(id: bigint, key: string): void {
    this.#leases.get(id)?.keys.add(key)
  }

  detach(id: bigint, key: string): void {
    this.#leases.get(id)?.keys.delete(key)
  }

  #isExpired(lease: Lease): boolean {
    return lease.expiresAtMs <= this.#clock.monotonicMs()
  }

  #refresh(lease: Lease, extendMs: number): void {
    lease.expiresAtMs = this.#clock.monotonicMs() + secondsLeft(lease) * 1000 + extendMs
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, lease.expiresAtMs)
    this.#scheduleCheckpoint(lease)
  }

  #scheduleCheckpoint(lease: Lease): void {
    if (!this.#config.hasCheckpoints) return
    if (secondsLeft(lease) * 1000 <= checkpointIntervalMs) return
    lease.checkpointAtMs = this.#clock.monotonicMs() + checkpointIntervalMs
    this.#nextCheckpointMs = Math.min(this.#nextCheckpointMs, lease.checkpointAtMs)
  }
}

function secondsLeft({ remainingSeconds, ttlSeconds }: Lease): number {
  return remainingSeconds > 0 ? remainingSeconds : ttlSeconds
}

/** An expired lease whose revocation was lost is offered again after this. */
const retryMs = 500
