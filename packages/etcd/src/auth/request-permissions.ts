import type { RequestOp, TxnRequest } from '@kemu/rpc/etcd-codec'
import type { LogRequest } from '@kemu/rpc/raft-codec'
import type { Lessor } from '../lease/lessor.ts'
import type { AuthStore, Identity } from './auth-store.ts'

/** What a request needs, as etcd asks for it (server/etcdserver/apply/apply_auth.go). Throws the refusal. */
export function checkRequest(
  auth: AuthStore,
  lessor: Lessor,
  identity: Identity,
  request: LogRequest,
): void {
  if (!auth.isEnabled) return
  const { put, deleteRange, txn, leaseRevoke } = request
  if (put) {
    auth.check(identity, 'write', put.key, '')
    checkLeaseKeys(auth, lessor, identity, put.lease)
    if (put.prevKv) auth.check(identity, 'read', put.key, '')
  } else if (deleteRange) {
    auth.check(identity, 'write', deleteRange.key, deleteRange.rangeEnd)
    if (deleteRange.prevKv) auth.check(identity, 'read', deleteRange.key, deleteRange.rangeEnd)
  } else if (txn) checkTxnAccess(auth, identity, txn)
  else if (leaseRevoke) checkLeaseKeys(auth, lessor, identity, leaseRevoke.ID)
  else if (needsAdmin(request)) auth.checkAdmin(identity)
}

export function checkTxnAccess(auth: AuthStore, identity: Identity, txn: TxnRequest): void {
  if (!auth.isEnabled) return
  for (const { key, rangeEnd } of txn.compare) auth.check(identity, 'read', key, rangeEnd)
  for (const op of [...txn.success, ...txn.failure]) checkOp(auth, identity, op)
}

function checkOp(auth: AuthStore, identity: Identity, op: RequestOp): void {
  const { requestRange, requestPut, requestDeleteRange, requestTxn } = op
  if (requestRange) auth.check(identity, 'read', requestRange.key, requestRange.rangeEnd)
  if (requestPut) auth.check(identity, 'write', requestPut.key, '')
  if (requestDeleteRange) {
    const { key, rangeEnd, prevKv } = requestDeleteRange
    if (prevKv) auth.check(identity, 'read', key, rangeEnd)
    auth.check(identity, 'write', key, rangeEnd)
  }
  // etcd does not look into nested transactions; we do.
  if (requestTxn) checkTxnAccess(auth, identity, requestTxn)
}

/** Who may not write a lease's keys may neither end it nor hang others on it. */
function checkLeaseKeys(auth: AuthStore, lessor: Lessor, identity: Identity, lease: bigint): void {
  for (const key of lessor.get(lease)?.keys ?? []) auth.check(identity, 'write', key, '')
}

function needsAdmin(request: LogRequest): boolean {
  return (
    request.authEnable !== undefined ||
    request.authDisable !== undefined ||
    request.userAdd !== undefined ||
    request.userDelete !== undefined ||
    request.userChangePassword !== undefined ||
    request.userGrantRole !== undefined ||
    request.userRevokeRole !== undefined ||
    request.roleAdd !== undefined ||
    request.roleDelete !== undefined ||
    request.roleGrantPermission !== undefined ||
    request.roleRevokePermission !== undefined
  )
}
