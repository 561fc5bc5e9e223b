import type { Violation } from './operation.ts'

interface Promised {
  readonly ttlMs: number
  /** It lives until then at least. */
  untilMs: number
  /** A client asked for its end. */
  isRevoked: boolean
  goneAtMs: number | undefined
}

/**
 * What a granted lease promises: it never ends by itself before its time has passed since the last renewal that was
 * acknowledged; and an answer to a renewal that says "gone" is no lie either.
 */
export class LeasePromises {
  readonly #leases = new Map<bigint, Promised>()
  readonly #clockRateMax: number
  readonly violations: Violation[] = []

  /** The fastest of all clocks decides how early is too early. */
  constructor(clockRateMax: number) {
    this.#clockRateMax = clockRateMax
  }

  /** Leases that ended because nobody renewed them. */
  get expiredCount(): number {
    return [...this.#leases.values()].filter((l) => l.goneAtMs !== undefined && !l.isRevoked).length
  }

  onGranted(id: bigint, ttlSeconds: number, calledAtMs: number): void {
    const ttlMs = (ttlSeconds * 1000) / this.#clockRateMax
    const untilMs = calledAtMs + ttlMs
    const known = this.#leases.get(id)
    // It may have been seen to end before the answer came.
    const goneAtMs = known?.goneAtMs
    this.#leases.set(id, { ttlMs, untilMs, isRevoked: known?.isRevoked ?? false, goneAtMs })
    if (goneAtMs !== undefined) this.#check(id, goneAtMs)
  }

  onRenewed(id: bigint, ttlSeconds: number, calledAtMs: number, answeredAtMs: number): void {
    const lease = this.#leases.get(id)
    if (!lease) return
    if (ttlSeconds <= 0) return this.#check(id, answeredAtMs)
    lease.untilMs = Math.max(lease.untilMs, calledAtMs + lease.ttlMs)
    if (lease.goneAtMs !== undefined) this.#check(id, lease.goneAtMs)
  }

  onRevokeAsked(id: bigint): void {
    const lease = this.#leases.get(id)
    if (lease) lease.isRevoked = true
  }

  /** Some member has it no more. */
  onGone(id: bigint, atMs: number): void {
    const lease = this.#leases.get(id)
    if (!lease || lease.goneAtMs !== undefined) return
    lease.goneAtMs = atMs
    this.#check(id, atMs)
  }

  /** At the end, long after the last renewal: those that should be gone and are not. */
  checkGone(stillThere: (id: bigint) => boolean, nowMs: number): void {
    for (const [id, { untilMs, ttlMs }] of this.#leases) {
      if (!stillThere(id) || nowMs < untilMs + 3 * ttlMs + 10_000) continue
      const detail = `lease ${id} is there ${Math.round(nowMs - untilMs)} ms after its time`
      this.violations.push({ property: 'Lease Expires', detail })
    }
  }

  #check(id: bigint, goneAtMs: number): void {
    const lease = this.#leases.get(id)!
    if (lease.isRevoked || goneAtMs >= lease.untilMs) return
    const early = Math.round(lease.untilMs - goneAtMs)
    const detail = `lease ${id} of ${Math.round(lease.ttlMs)} ms was gone ${early} ms before its time`
    this.violations.push({ property: 'Lease Lives', detail })
  }
}
