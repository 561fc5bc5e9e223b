import t from 'tap'
import { catalogue } from '@kemu/api/schema'
import { openEnvelope, sealEnvelope } from './envelope.ts'
import { decodeMessage } from './message-decoder.ts'
import { encodeMessage } from './message-encoder.ts'
import { WireError } from './wire-reader.ts'

/** What `kubectl create namespace foo` sends (kubectl v1.36.3). */
const namespace = Buffer.from(
  '6b3873000a0f0a02763112094e616d657370616365121b0a130a03666f6f12001a0022002a00320038004200120' +
    '01a020a001a002200',
  'hex',
)

t.test('reads what kubectl sends', (t) => {
  const { apiVersion, kind, raw } = openEnvelope(namespace)
  t.same([apiVersion, kind], ['v1', 'Namespace'])
  const object = decodeMessage(catalogue().definition('io.k8s.api.core.v1.Namespace'), raw)
  t.match(object, { metadata: { name: 'foo', namespace: '' } })
  t.end()
})

t.test('writes the same bytes', (t) => {
  const object = { metadata: { name: 'foo' }, spec: {}, status: {} }
  const definition = catalogue().definition('io.k8s.api.core.v1.Namespace')
  const bytes = sealEnvelope('v1', 'Namespace', encodeMessage(definition, object))
  t.equal(bytes.toString('hex'), namespace.toString('hex'))
  t.end()
})

t.test('writes what it reads, plain values also when they are empty', (t) => {
  const rows: readonly [name: string, data: object][] = [
    ['core.v1.Secret', { data: { k: 'AP8=', empty: '' }, type: 'Opaque' }],
    ['core.v1.Volume', { name: 'v', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } }],
    ['core.v1.HTTPGetAction', { path: '', port: 'web', host: '', scheme: '' }],
    ['core.v1.HTTPGetAction', { path: '/', port: -1, host: '', scheme: '' }],
    [
      'coordination.v1.LeaseSpec',
      { renewTime: '2023-11-14T22:13:20.123456Z', leaseTransitions: 5 },
    ],
    ['core.v1.ResourceRequirements', { limits: { cpu: '2', memory: '1Gi' } }],
    ['authorization.v1.SubjectAccessReviewSpec', { user: 'u', extra: { a: ['b', 'c'] }, uid: '' }],
    ['core.v1.PreferredSchedulingTerm', { weight: -5, preference: { matchFields: [] } }],
  ]
  for (const [name, data] of rows) {
    const definition = catalogue().definition(`io.k8s.api.${name}`)
    t.match(
      decodeMessage(definition, encodeMessage(definition, data)),
      withoutEmptyLists(data),
      name,
    )
  }
  t.end()
})

/** A list without items leaves nothing on the wire. */
function withoutEmptyLists(data: object): unknown {
  const keep = (_key: string, value: unknown): unknown =>
    Array.isArray(value) && value.length === 0 ? undefined : value
  return JSON.parse(JSON.stringify(data, keep))
}

/** A field of a message: bytes, text, or a number as varint. */
function field(number: number, value: Buffer | string | number): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(number << 3), varint(value)])
  const bytes = Buffer.from(value)
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let left = BigInt.asUintN(64, BigInt(value))
  do {
    const low = Number(left & 0x7fn)
    left >>= 7n
    bytes.push(left > 0n ? low | 0x80 : low)
  } while (left > 0n)
  return Buffer.from(bytes)
}

function decode(name: string, message: Buffer): unknown {
  return decodeMessage(catalogue().definition(`io.k8s.api.${name}`), message)
}

t.test('reads what JSON shows inline from where protobuf has it', (t) => {
  const emptyDir = field(2, field(2, field(1, 'Memory')))
  t.same(decode('core.v1.Volume', Buffer.concat([field(1, 'v'), emptyDir])), {
    name: 'v',
    emptyDir: { medium: 'Memory' },
  })
  const probe = Buffer.concat([field(1, field(2, field(1, '/p'))), field(2, 5)])
  t.same(decode('core.v1.Probe', probe), { httpGet: { path: '/p' }, initialDelaySeconds: 5 })
  t.end()
})

t.test('reads maps, quantities, times, numbers or names, and bytes', (t) => {
  const entry = Buffer.concat([field(1, 'cpu'), field(2, field(1, '2'))])
  t.same(decode('core.v1.ResourceRequirements', field(1, entry)), { limits: { cpu: '2' } })
  t.same(decode('core.v1.HTTPGetAction', field(2, Buffer.concat([field(1, 0), field(2, 8080)]))), {
    port: 8080,
  })
  t.same(decode('core.v1.HTTPGetAction', field(2, Buffer.concat([field(1, 1), field(3, 'web')]))), {
    port: 'web',
  })
  const secret = Buffer.concat([field(1, 'k'), field(2, Buffer.from([0, 255]))])
  t.same(decode('core.v1.Secret', field(2, secret)), { data: { k: 'AP8=' } })
  const renewed = field(4, Buffer.concat([field(1, 1_700_000_000), field(2, 123_456_000)]))
  t.same(decode('coordination.v1.LeaseSpec', renewed), {
    renewTime: '2023-11-14T22:13:20.123456Z',
  })
  t.same(decode('core.v1.PodSpec', field(25, -5)), { priority: -5 })
  t.end()
})

t.test('refuses what is no message', (t) => {
  t.throws(() => openEnvelope(Buffer.from('{"kind":"Pod"}')), WireError)
  t.throws(() => decode('core.v1.Pod', Buffer.from([0x0a, 0x7f, 0x01])), WireError)
  t.throws(() => decode('core.v1.Pod', Buffer.from([0x07])), WireError)
  t.throws(() => decode('core.v1.Pod', Buffer.from([0x08, 0x01])), WireError)
  t.end()
})
