import fc from 'fast-check'
import t from 'tap'
import {
  PutRequest,
  RangeResponse,
  TxnRequest,
  WatchCreateRequest,
} from './generated/etcd-codec.ts'
import * as codecs from './generated/etcd-codec.ts'
import { KV, Lease, Watch } from './generated/etcd.ts'
import { decodeMessage, encodeMessage, ProtobufError } from './protobuf.ts'

// The generated codecs beside @grpc/proto-loader's: each reads what the other writes.

const int64 = fc.oneof(
  fc.integer({ min: -1, max: 300 }),
  fc.maxSafeInteger(),
  fc.integer({ min: 2 ** 31 - 2, max: 2 ** 31 + 2 }),
)
const id = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const bytes = fc.uint8Array({ maxLength: 300 }).map((data) => Buffer.from(data).toString('latin1'))

t.test('a put is the same in both', (t) => {
  const loader = KV.definition()['Put']!
  const message = fc.record({ key: bytes, value: bytes, lease: id, prevKv: fc.boolean() })
  fc.assert(
    fc.property(message, ({ key, value, lease, prevKv }) => {
      const ours = encodeMessage(PutRequest, { key, value, lease, prevKv })
      const theirs = loader.requestSerialize({
        key: Buffer.from(key, 'latin1'),
        value: Buffer.from(value, 'latin1'),
        lease: String(lease),
        prevKv,
      })
      const read = loader.requestDeserialize(ours) as { key: Buffer; lease: string }
      if (read.key.toString('latin1') !== key || read.lease !== String(lease)) {
        throw new Error(ours.toString('hex'))
      }
      const back = decodeMessage(PutRequest, theirs)
      if (back.key !== key || back.value !== value || back.lease !== lease) throw new Error('back')
    }),
  )
  t.pass('no counterexample')
  t.end()
})

t.test('numbers of all sizes, repeated and nested messages', (t) => {
  const loader = KV.definition()['Range']!
  const kv = fc.record({ key: bytes, modRevision: int64, version: int64, lease: id, value: bytes })
  fc.assert(
    fc.property(fc.array(kv, { maxLength: 8 }), int64, fc.boolean(), (kvs, count, more) => {
      const header = { clusterId: 2n ** 64n - 1n, memberId: 7n, revision: count }
      const ours = encodeMessage(RangeResponse, { header, kvs, count, more })
      const theirs = loader.responseDeserialize(ours) as {
        header: { clusterId: string }
        kvs: { modRevision: string; lease: string; value: Buffer }[]
        count: string
      }
      if (theirs.header.clusterId !== '18446744073709551615') throw new Error('unsigned')
      if (theirs.count !== String(count)) throw new Error(`${theirs.count} is not ${count}`)
      kvs.forEach((expected, i) => {
        const found = theirs.kvs[i]!
        if (found.modRevision !== String(expected.modRevision)) throw new Error('modRevision')
        if (found.lease !== String(expected.lease)) throw new Error('lease')
        if (found.value.toString('latin1') !== expected.value) throw new Error('value')
      })
      const back = decodeMessage(RangeResponse, ours)
      if (back.count !== count || back.kvs.length !== kvs.length) throw new Error('back')
    }),
  )
  t.pass('no counterexample')
  t.end()
})

t.test('a oneof tells an empty member from an absent one', (t) => {
  const txn = decodeMessage(
    TxnRequest,
    encodeMessage(TxnRequest, {
      compare: [{ key: 'k', version: 0 }],
      success: [{ requestRange: {} }, { requestPut: { key: 'k' } }],
    }),
  )
  t.equal(txn.compare[0]?.version, 0)
  t.equal(txn.compare[0]?.modRevision, undefined)
  t.ok(txn.success[0]?.requestRange)
  t.equal(txn.success[0]?.requestPut, undefined)
  t.equal(txn.success[1]?.requestPut?.key, 'k')
  t.end()
})

t.test('repeated numbers are read packed and one by one', (t) => {
  const packed = encodeMessage(WatchCreateRequest, { filters: [0, 1] })
  t.same(decodeMessage(WatchCreateRequest, packed).filters, [0, 1])
  t.same(decodeMessage(WatchCreateRequest, Buffer.from([0x28, 0, 0x28, 1])).filters, [0, 1])
  const theirs = Watch.definition()['Watch']!.requestDeserialize(
    encodeMessage(codecs.WatchRequest, { createRequest: { filters: [1] } }),
  ) as { createRequest: { filters: string[] } }
  t.same(theirs.createRequest.filters, ['NODELETE'])
  t.end()
})

t.test('text is UTF-8, and unknown fields are passed over', (t) => {
  const loader = Lease.definition()['LeaseGrant']!
  const theirs = loader.responseSerialize({ ID: '5', TTL: '9', error: 'größer ☃' })
  const unknown = Buffer.from([
    0xf8, 0x01, 0x96, 0x01, 0xfa, 0x01, 0x02, 0x61, 0x62, 0xfd, 0x01, 1, 2, 3, 4,
  ])
  const grant = decodeMessage(codecs.LeaseGrantResponse, Buffer.concat([theirs, unknown]))
  t.match(grant, { ID: 5n, TTL: 9, error: 'größer ☃' })
  t.end()
})

t.test('bytes that are no message are refused, never read past', (t) => {
  const broken = ['0a', '0a05', '0a0561', '0b', '0f', '1a02ff']
  for (const hex of broken) {
    t.throws(() => decodeMessage(TxnRequest, Buffer.from(hex, 'hex')), ProtobufError, hex)
  }
  const endless = Buffer.from('18ffffffffffffffffffff01', 'hex')
  t.throws(() => decodeMessage(PutRequest, endless), ProtobufError, 'a number without end')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (data) => {
      try {
        decodeMessage(TxnRequest, Buffer.from(data))
      } catch (error) {
        if (!(error instanceof ProtobufError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
  t.end()
})
