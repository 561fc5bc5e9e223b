import { CompareCompareResult, CompareCompareTarget } from '@kemu/rpc/etcd-codec'
import type { Compare, RequestOp, ResponseOp, TxnRequest, TxnResponse } from '@kemu/rpc/etcd-codec'
import type { Init } from '@kemu/rpc/protobuf'
import type { Lessor } from '../lease/lessor.ts'
import { readNow } from '../mvcc/store.ts'
import type { Store } from '../mvcc/store.ts'
import type { WriteTxn } from '../mvcc/write-txn.ts'
import { executeRange } from './range-request.ts'
import { checkPut, executeDeleteRange, executePut } from './write-requests.ts'

/** A transaction with its choices made: which operations run follows from the state before the first of them. */
interface Plan {
  readonly succeeded: boolean
  readonly ops: readonly RequestOp[]
  /** For each nested transaction among `ops`, in order. */
  readonly nested: readonly Plan[]
}

/** Runs a transaction whole or not at all. Throws, before anything is changed, when one of its operations cannot be. */
export function executeTxn(store: Store, lessor: Lessor, request: TxnRequest): Init<TxnResponse> {
  const plan = planTxn(store, request)
  checkPlan(store, lessor, plan)
  store.counts.txns += 1
  const txn = store.write()
  const { succeeded, responses } = runPlan(store, txn, plan)
  const revision = txn.end()
  return { header: { revision }, succeeded, responses }
}

export function isReadOnly(request: TxnRequest): boolean {
  const isRange = (op: RequestOp): boolean => op.requestRange !== undefined
  return request.success.every(isRange) && request.failure.every(isRange)
}

export function isSerializable(request: TxnRequest): boolean {
  const isSerializable = (op: RequestOp): boolean => op.requestRange?.serializable === true
  return request.success.every(isSerializable) && request.failure.every(isSerializable)
}

function planTxn(store: Store, request: TxnRequest): Plan {
  const succeeded = request.compare.every((compare) => holds(store, compare))
  const ops = succeeded ? request.success : request.failure
  const nested = ops.flatMap(({ requestTxn }) => (requestTxn ? [planTxn(store, requestTxn)] : []))
  return { succeeded, ops, nested }
}

function checkPlan(store: Store, lessor: Lessor, { ops, nested }: Plan): void {
  for (const { requestRange, requestPut } of ops) {
    if (requestRange) store.checkRevision(requestRange.revision)
    if (requestPut) checkPut(store, lessor, requestPut)
  }
  for (const plan of nested) checkPlan(store, lessor, plan)
}

interface Outcome {
  readonly succeeded: boolean
  readonly responses: Init<ResponseOp>[]
}

function runPlan(store: Store, txn: WriteTxn, plan: Plan): Outcome {
  let nextNested = 0
  const responses = plan.ops.map((op): Init<ResponseOp> => {
    if (op.requestRange) {
      const response = executeRange(store, op.requestRange)
      // What this transaction changed so far is seen, and has its revision already.
      if (txn.changes.length === 0) return { responseRange: response }
      return { responseRange: { ...response, header: { revision: txn.revision } } }
    }
    if (op.requestPut) return { responsePut: executePut(store, txn, op.requestPut) }
    if (op.requestDeleteRange) {
      return { responseDeleteRange: executeDeleteRange(store, txn, op.requestDeleteRange) }
    }
    if (op.requestTxn) {
      return { responseTxn: { header: {}, ...runPlan(store, txn, plan.nested[nextNested++]!) } }
    }
    return {}
  })
  return { succeeded: plan.succeeded, responses }
}

/** A comparison over a range must hold for each of its keys; over none, it sees a key of zeros and no value. */
function holds(store: Store, compare: Compare): boolean {
  const { kvs } = store.range(compare.key, compare.rangeEnd, readNow)
  if (kvs.length === 0) {
    if (compare.target === CompareCompareTarget.VALUE) return false
    return isOrdered(compare, orderOf(compare, absentKey))
  }
  return kvs.every((kv) => isOrdered(compare, orderOf(compare, kv)))
}

interface Comparable {
  readonly version: number
  readonly createRevision: number
  readonly modRevision: number
  readonly value: string
  readonly lease: bigint
}

const absentKey: Comparable = {
  version: 0,
  createRevision: 0,
  modRevision: 0,
  value: '',
  lease: 0n,
}

function orderOf(compare: Compare, kv: Comparable): number {
  switch (compare.target) {
    case CompareCompareTarget.VERSION:
      return order(kv.version, compare.version ?? 0)
    case CompareCompareTarget.CREATE:
      return order(kv.createRevision, compare.createRevision ?? 0)
    case CompareCompareTarget.MOD:
      return order(kv.modRevision, compare.modRevision ?? 0)
    case CompareCompareTarget.VALUE:
      return order(kv.value, compare.value ?? '')
    case CompareCompareTarget.LEASE:
      return order(kv.lease, compare.lease ?? 0n)
    default:
      // etcd compares nothing for a target that it does not know.
      return 0
  }
}

function order<T extends number | string | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function isOrdered({ result }: Compare, sign: number): boolean {
  switch (result) {
    case CompareCompareResult.EQUAL:
      return sign === 0
    case CompareCompareResult.GREATER:
      return sign > 0
    case CompareCompareResult.LESS:
      return sign < 0
    case CompareCompareResult.NOT_EQUAL:
      return sign !== 0
    default:
      return true
  }
}
