import type { Logger } from '@kemu/base'
import type { Init } from '@kemu/rpc/protobuf'
import type { LogRequest } from '@kemu/rpc/raft-codec'
import { rootName } from '../auth/auth-store.ts'
import type { Identity } from '../auth/auth-store.ts'
import { code, GrpcError } from '../grpc/status.ts'
import type { LeaseCounts } from '../lease/lessor.ts'
import type { StateMachine } from '../state/state-machine.ts'
import type { Done } from './pending-requests.ts'

export interface LeaseKeeperDeps {
  readonly logger: Logger
  readonly submit: (request: Init<LogRequest>, done: Done, identity?: Identity) => void
}

/** What the leader does about leases as time passes: has expired ones revoked, and notes what is left of long ones. */
export class LeaseKeeper {
  readonly #deps: LeaseKeeperDeps
  readonly #revoking = new Set<bigint>()

  constructor(deps: LeaseKeeperDeps) {
    this.#deps = deps
  }

  onTick({ lessor, auth }: StateMachine): void {
    const identity = { user: rootName, authRevision: auth.revision }
    for (const id of lessor.expired()) this.#revoke(id, identity, lessor.counts)
    const checkpoints = lessor.dueCheckpoints()
    if (checkpoints.length > 0) this.#checkpoint(checkpoints)
  }

  #revoke(id: bigint, identity: Identity, counts: LeaseCounts): void {
    if (this.#revoking.has(id)) return
    this.#revoking.add(id)
    counts.expired += 1
    const done: Done = (error) => {
      this.#revoking.delete(id)
      const isGone = error instanceof GrpcError && error.code === code.NOT_FOUND
      if (!error || isGone) return
      this.#deps.logger.warn('Could not revoke a lease', { lease: id.toString(16), err: error })
    }
    this.#deps.submit({ leaseRevoke: { ID: id } }, done, identity)
  }

  #checkpoint(checkpoints: readonly { ID: bigint; remaining_TTL: number }[]): void {
    this.#deps.submit({ leaseCheckpoint: { checkpoints } }, (error) => {
      if (error) this.#deps.logger.warn('Could not note what is left of leases', { err: error })
    })
  }
}
