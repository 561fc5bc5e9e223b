import type {
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
} from '@kemu/rpc/etcd-codec'
import type { Init } from '@kemu/rpc/protobuf'
import { etcdError } from '../errors.ts'
import { leaseErrors } from '../lease/lessor.ts'
import type { Lessor } from '../lease/lessor.ts'
import { readNow } from '../mvcc/store.ts'
import type { Store } from '../mvcc/store.ts'
import type { WriteTxn } from '../mvcc/write-txn.ts'

/** Throws what makes a Put impossible; nothing is changed before all of a transaction is checked. */
export function checkPut(store: Store, lessor: Lessor, request: PutRequest): void {
  if ((request.ignoreValue || request.ignoreLease) && !store.get(request.key)) {
    throw etcdError('keyNotFound')
  }
  if (request.lease !== 0n && !lessor.get(request.lease)) throw leaseErrors.notFound()
}

export function executePut(store: Store, txn: WriteTxn, request: PutRequest): Init<PutResponse> {
  const before = store.get(request.key)
  const value = request.ignoreValue ? before!.value : request.value
  const lease = request.ignoreLease ? before!.lease : request.lease
  txn.put(request.key, value, lease)
  return {
    header: { revision: txn.revision },
    prevKv: request.prevKv ? before : undefined,
  }
}

export function executeDeleteRange(
  store: Store,
  txn: WriteTxn,
  request: DeleteRangeRequest,
): Init<DeleteRangeResponse> {
  const { key, rangeEnd } = request
  const prevKvs = request.prevKv ? store.range(key, rangeEnd, readNow).kvs : []
  const deleted = txn.deleteRange(key, rangeEnd)
  const revision = txn.changes.length > 0 ? txn.revision : store.revision
  return { header: { revision }, deleted, prevKvs }
}
