import type { AfterTurn } from '../host/after-turn.ts'

export interface LeaseRenewalsDeps {
  readonly afterTurn: AfterTurn
  /** Renews them at the leader; seconds that each lives again, in their order, 0 for one that is gone. */
  readonly renewAll: (ids: readonly bigint[]) => Promise<readonly number[]>
}

interface Waiting {
  readonly id: bigint
  readonly resolve: (ttlSeconds: number) => void
  readonly reject: (error: unknown) => void
}

/** Renewals that come in one turn of the event loop go to the leader together, and share its question to the quorum. */
export class LeaseRenewals {
  readonly #deps: LeaseRenewalsDeps
  #waiting: Waiting[] = []

  constructor(deps: LeaseRenewalsDeps) {
    this.#deps = deps
  }

  /** Seconds that it lives again; 0 when it is gone. */
  renew(id: bigint): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, resolve, reject })
      if (this.#waiting.length === 1) this.#deps.afterTurn(() => this.#send())
    })
  }

  #send(): void {
    const batch = this.#waiting
    this.#waiting = []
    this.#deps.renewAll(batch.map(({ id }) => id)).then(
      (ttls) => batch.forEach(({ resolve }, i) => resolve(ttls[i]!)),
      (error: unknown) => batch.forEach(({ reject }) => reject(error)),
    )
  }
}
