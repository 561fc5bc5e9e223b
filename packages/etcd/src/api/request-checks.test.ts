import { RequestOp, TxnRequest } from '@kemu/rpc/etcd-codec'
import { decodeMessage, encodeMessage } from '@kemu/rpc/protobuf'
import type { Init } from '@kemu/rpc/protobuf'
import t from 'tap'
import { checkTxn } from './request-checks.ts'

function txn(request: Init<TxnRequest>): TxnRequest {
  return decodeMessage(TxnRequest, encodeMessage(TxnRequest, request))
}

function refusal(request: Init<TxnRequest>, opsMax = 128): string {
  try {
    checkTxn(txn(request), opsMax)
    return 'taken'
  } catch (error) {
    return (error as Error).message.replace('etcdserver: ', '')
  }
}

const put = (key: string): Init<RequestOp> => ({ requestPut: { key, value: 'v' } })
const remove = (key: string, rangeEnd = ''): Init<RequestOp> => ({
  requestDeleteRange: { key, rangeEnd },
})
const nested = (success: Init<RequestOp>[], failure: Init<RequestOp>[] = []): Init<RequestOp> => ({
  requestTxn: { success, failure },
})

const duplicate = 'duplicate key given in txn request'
const cases: [name: string, request: Init<TxnRequest>, expected: string][] = [
  ['different keys', { success: [put('a'), put('b')] }, 'taken'],
  ['one key in both branches', { success: [put('a')], failure: [put('a')] }, 'taken'],
  ['one key put twice', { success: [put('a'), put('a')] }, duplicate],
  ['put and delete', { failure: [put('b'), remove('a', 'c')] }, duplicate],
  ['put beside a deleted range', { success: [put('c'), remove('a', 'c')] }, 'taken'],
  ['put behind an open delete', { success: [put('x'), remove('m', '\0')] }, duplicate],
  ['two deletions', { success: [remove('a', 'c'), remove('b', 'd')] }, 'taken'],
  ['put and nested put', { success: [put('a'), nested([put('a')])] }, duplicate],
  ['both branches of one nested txn', { success: [nested([put('a')], [put('a')])] }, 'taken'],
  [
    'branches of two nested txns',
    { success: [nested([put('a')]), nested([], [put('a')])] },
    duplicate,
  ],
  ['put and nested delete', { success: [put('a'), nested([remove('a')])] }, duplicate],
  ['nested put, delete above', { success: [remove('a'), nested([put('a')])] }, duplicate],
  ['an empty key', { success: [put('')] }, 'key is not provided'],
  ['an empty comparison', { compare: [{}] }, 'key is not provided'],
  ['an empty operation', { success: [{}] }, 'key not found'],
]

for (const [name, request, expected] of cases) {
  t.test(`a transaction with ${name}: ${expected}`, (t) => {
    t.equal(refusal(request), expected)
    t.end()
  })
}

t.test('a transaction takes 128 operations, those of nested ones included', (t) => {
  const puts = (count: number): Init<RequestOp>[] =>
    Array.from({ length: count }, (_, i) => put(`k${i}`))
  t.equal(refusal({ success: puts(128) }), 'taken')
  t.equal(refusal({ success: puts(129) }), 'too many operations in txn request')
  t.equal(refusal({ success: [nested(puts(127))] }), 'taken')
  t.equal(refusal({ success: [nested(puts(128))] }), 'too many operations in txn request')
  t.end()
})
