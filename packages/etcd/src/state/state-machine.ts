import type { Clock } from '@kemu/base'
import type {
  CompactionRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  TxnRequest,
} from '@kemu/rpc/etcd-codec'
import type { LogRequest } from '@kemu/rpc/raft-codec'
import { applyAuth } from '../auth/apply-auth.ts'
import { AuthStore } from '../auth/auth-store.ts'
import { checkRequest } from '../auth/request-permissions.ts'
import { Membership } from '../cluster/membership.ts'
import { etcdError } from '../errors.ts'
import { executeTxn } from './txn-request.ts'
import { checkPut, executeDeleteRange, executePut } from './write-requests.ts'
import { Lessor } from '../lease/lessor.ts'
import { Store } from '../mvcc/store.ts'
import { Alarms } from './alarms.ts'

export interface StateMachineDeps {
  readonly clock: Clock
  readonly leaseTtlSecondsMin: number
  readonly hasLeaseCheckpoints: boolean
}

/** A page of the disk: what even an empty state takes. */
const emptyBytes = 4096
/** Of a lease as a snapshot holds it. */
const leaseBytes = 32

/**
 * What the log makes of an empty store: keys, leases, alarms, members. Each request does the same on every member; a
 * refusal is an outcome like any other and changes nothing.
 */
export class StateMachine {
  readonly lessor: Lessor
  readonly store: Store
  readonly alarms = new Alarms()
  readonly membership = new Membership()
  readonly auth = new AuthStore()

  constructor(deps: StateMachineDeps) {
    this.lessor = new Lessor(deps.clock, {
      ttlSecondsMin: deps.leaseTtlSecondsMin,
      hasCheckpoints: deps.hasLeaseCheckpoints,
    })
    this.store = new Store(this.lessor)
  }

  /** What the state takes on disk as a snapshot, as near as counting while it changes comes. */
  get bytes(): number {
    return emptyBytes + this.store.bytes + this.lessor.count * leaseBytes
  }

  /** Returns the response without its header; throws a GrpcError when the request is refused. */
  apply(request: LogRequest): unknown {
    if (this.auth.isEnabled) {
      const { user, authRevision } = request
      checkRequest(this.auth, this.lessor, { user, authRevision }, request)
    }
    if (this.alarms.isCorrupt && touchesKeys(request)) throw etcdError('corrupt')
    if (request.put) return this.#put(request.put)
    if (request.txn) return this.#txn(request.txn)
    if (request.deleteRange) {
      const txn = this.store.write()
      const response = executeDeleteRange(this.store, txn, request.deleteRange)
      txn.end()
      return response
    }
    if (request.compact) return this.#compact(request.compact)
    if (request.leaseGrant) return this.#grant(request.leaseGrant)
    if (request.leaseRevoke) return this.#revoke(request.leaseRevoke)
    if (request.leaseCheckpoint) {
      for (const { ID, remaining_TTL: remainingSeconds } of request.leaseCheckpoint.checkpoints) {
        // It may have been revoked since.
        if (this.lessor.get(ID)) this.lessor.checkpoint(ID, remainingSeconds)
      }
      return {}
    }
    if (request.alarm) return this.alarms.apply(request.alarm)
    if (request.memberAttributes) {
      const { ID, name, clientURLs } = request.memberAttributes
      this.membership.setAttributes(ID, name, clientURLs)
      return {}
    }
    if (applyAuth(this.auth, request)) return {}
    if (request.memberUpdate) {
      const { ID, peerURLs } = request.memberUpdate
      this.membership.checkUpdate(request.memberUpdate)
      this.membership.updatePeerUrls(ID, peerURLs)
      return {}
    }
    throw new Error('the log holds a request that this version does not know')
  }

  #put(request: PutRequest): unknown {
    this.#refuseWhenFull()
    checkPut(this.store, this.lessor, request)
    const txn = this.store.write()
    const response = executePut(this.store, txn, request)
    txn.end()
    return response
  }

  #txn(request: TxnRequest): unknown {
    if (writesData(request)) this.#refuseWhenFull()
    return executeTxn(this.store, this.lessor, request)
  }

  #compact({ revision }: CompactionRequest): unknown {
    this.store.compact(revision)
    return { header: { revision: this.store.revision } }
  }

  #grant({ ID, TTL }: LeaseGrantRequest): unknown {
    this.#refuseWhenFull()
    const lease = this.lessor.grant(ID, TTL)
    return { ID: lease.id, TTL: lease.ttlSeconds }
  }

  #revoke({ ID }: LeaseRevokeRequest): unknown {
    const keys = this.lessor.revoke(ID)
    const txn = this.store.write()
    for (const key of keys) txn.deleteRange(key, '')
    txn.end()
    return {}
  }

  /** With the NOSPACE alarm only what frees space is taken. */
  #refuseWhenFull(): void {
    if (this.alarms.isOutOfSpace) throw etcdError('noSpace')
  }
}

/** With the CORRUPT alarm nothing is written: what would be the truth? */
function touchesKeys(request: LogRequest): boolean {
  const { put, txn, deleteRange, compact, leaseGrant, leaseRevoke } = request
  return [put, txn, deleteRange, compact, leaseGrant, leaseRevoke].some((one) => one !== undefined)
}

function writesData({ success, failure }: TxnRequest): boolean {
  return [...success, ...failure].some(
    ({ requestPut, requestTxn }) => requestPut || (requestTxn && writesData(requestTxn)),
  )
}
