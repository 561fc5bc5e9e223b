import { RangeRequestSortOrder, RangeRequestSortTarget } from '@kemu/rpc/etcd-codec'
import type {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from '@kemu/rpc/etcd-codec'
import { etcdError } from '../errors.ts'
import { intersects } from '../mvcc/key-range.ts'

/** What can be refused without looking at the state, as etcd does it (server/etcdserver/api/v3rpc/key.go). */
export function checkRange(request: RangeRequest): void {
  if (request.key === '') throw etcdError('emptyKey')
  const isKnown = (value: number, names: Record<string, number>): boolean =>
    Object.values(names).includes(value)
  if (
    !isKnown(request.sortOrder, RangeRequestSortOrder) ||
    !isKnown(request.sortTarget, RangeRequestSortTarget)
  ) {
    throw etcdError('invalidSortOption')
  }
}

export function checkPut(request: PutRequest): void {
  if (request.key === '') throw etcdError('emptyKey')
  if (request.ignoreValue && request.value !== '') throw etcdError('valueProvided')
  if (request.ignoreLease && request.lease !== 0n) throw etcdError('leaseProvided')
}

export function checkDeleteRange(request: DeleteRangeRequest): void {
  if (request.key === '') throw etcdError('emptyKey')
}

export function checkTxn(request: TxnRequest, opsMax: number): void {
  checkOps(request, opsMax)
  checkWrites(request.success)
  checkWrites(request.failure)
}

/** Nested transactions share the allowance of operations that their parents leave. */
function checkOps(request: TxnRequest, opsMax: number): void {
  const { compare, success, failure } = request
  const ops = Math.max(compare.length, success.length, failure.length)
  if (ops > opsMax) throw etcdError('tooManyOps')
  if (compare.some(({ key }) => key === '')) throw etcdError('emptyKey')
  for (const op of success) checkOp(op, opsMax - ops)
  for (const op of failure) checkOp(op, opsMax - ops)
}

function checkOp(op: RequestOp, opsMax: number): void {
  if (op.requestRange) checkRange(op.requestRange)
  else if (op.requestPut) checkPut(op.requestPut)
  else if (op.requestDeleteRange) checkDeleteRange(op.requestDeleteRange)
  else if (op.requestTxn) checkOps(op.requestTxn, opsMax)
  else throw etcdError('keyNotFound')
}

interface Range {
  readonly key: string
  readonly rangeEnd: string
}

interface Writes {
  readonly puts: Set<string>
  readonly deletes: Range[]
}

/**
 * No key may be written twice by one branch: put and put, put and delete. The two branches of a nested transaction
 * exclude each other, so they may.
 */
function checkWrites(ops: readonly RequestOp[]): Writes {
  const deletes: Range[] = ops.flatMap(({ requestDeleteRange: d }) =>
    d ? [{ key: d.key, rangeEnd: d.rangeEnd }] : [],
  )
  const puts = new Set<string>()
  for (const { requestTxn } of ops) {
    if (!requestTxn) continue
    const success = checkWrites(requestTxn.success)
    const failure = checkWrites(requestTxn.failure)
    for (const key of success.puts) addPut(key, puts, deletes)
    for (const key of failure.puts) {
      if (puts.has(key) && success.puts.has(key)) checkDeletes(key, deletes)
      else addPut(key, puts, deletes)
    }
    deletes.push(...success.deletes, ...failure.deletes)
  }
  for (const { requestPut } of ops) if (requestPut) addPut(requestPut.key, puts, deletes)
  return { puts, deletes }
}

function addPut(key: string, puts: Set<string>, deletes: readonly Range[]): void {
  if (puts.has(key)) throw etcdError('duplicateKey')
  checkDeletes(key, deletes)
  puts.add(key)
}

function checkDeletes(key: string, deletes: readonly Range[]): void {
  if (deletes.some((d) => intersects(key, '', d.key, d.rangeEnd))) throw etcdError('duplicateKey')
}
