// The forms in which a real kube-apiserver v1.36 answers besides plain JSON.
import { gunzipSync } from 'node:zlib'
import { catalogue } from '@kemu/api/schema'
import t from 'tap'
import { openEnvelope } from '../protobuf/envelope.ts'
import { decodeMessage } from '../protobuf/message-decoder.ts'
import { rawClient } from '../testing/raw-client.ts'
import { admin, TestServer } from '../testing/test-server.ts'

const server = await TestServer.start()
t.teardown(() => server.stop())
const ask = rawClient(server, await server.clientIdentity(admin))

const maps = '/api/v1/namespaces/default/configmaps'
const json = { 'content-type': 'application/json' }
const pb = 'application/vnd.kubernetes.protobuf'
const meta = 'g=meta.k8s.io;v=v1'

async function make(name: string, data: object): Promise<void> {
  const body = JSON.stringify({ metadata: { name, labels: { form: 'yes' } }, data })
  const { code } = await ask(maps, { method: 'POST', headers: json, body })
  t.equal(code, 201)
}
await make('one', { a: 'b' })

const message = (of: string): string => (JSON.parse(of) as { message: string }).message

t.test('an object, a list and a refusal in protobuf', async (t) => {
  const headers = { accept: pb }
  const { bytes, headers: told } = await ask(`${maps}/one`, { headers })
  t.equal(told['content-type'], pb)
  const { kind, raw } = openEnvelope(bytes)
  t.equal(kind, 'ConfigMap')
  const type = catalogue().definition('io.k8s.api.core.v1.ConfigMap')
  t.match(decodeMessage(type, raw), { metadata: { name: 'one' }, data: { a: 'b' } })
  const list = openEnvelope((await ask(`${maps}?labelSelector=form`, { headers })).bytes)
  t.equal(list.kind, 'ConfigMapList')
  const missing = await ask(`${maps}/none`, { headers })
  t.equal(missing.code, 404)
  t.equal(openEnvelope(missing.bytes).kind, 'Status')
})

t.test('a watch in protobuf is frames of events', async (t) => {
  const headers = { accept: pb }
  const answer = await ask(`${maps}?watch=1&timeoutSeconds=1&labelSelector=form`, { headers })
  t.equal(answer.headers['content-type'], `${pb};stream=watch`)
  const { bytes } = answer
  t.equal(bytes.readUInt32BE(0), bytes.length - 4, 'one frame')
  const type = catalogue().definition('io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent')
  t.ok(bytes.includes('k8s\0'), 'the object has its envelope')
  t.ok(type.fields!.has('object'))
  t.equal(bytes.subarray(6, 11).toString(), 'ADDED')
})

t.test('metadata alone, of one or of many as it was asked', async (t) => {
  const one = { accept: `application/json;as=PartialObjectMetadata;${meta}` }
  const many = { accept: `application/json;as=PartialObjectMetadataList;${meta}` }
  t.match(JSON.parse((await ask(`${maps}/one`, { headers: one })).body), {
    kind: 'PartialObjectMetadata',
    metadata: { name: 'one' },
  })
  const wrongMany = await ask(maps, { headers: one })
  t.equal(
    message(wrongMany.body),
    'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)',
  )
  const wrongOne = await ask('/apis/apps/v1/deployments', { headers: many })
  t.equal(wrongOne.code, 200)
  const notMany = await ask(`${maps}/one`, { headers: many })
  t.equal(notMany.code, 406)
})

t.test('a table carries of its objects what was asked, and knows no other words', async (t) => {
  const headers = { accept: `application/json;as=Table;${meta}` }
  const { code, body } = await ask(`${maps}?includeObject=Foo`, { headers })
  t.equal(code, 400)
  t.equal(
    message(body),
    `Unable to convert to Table as requested: includeObject: Invalid value: "Foo": must be 'Metadata', 'Object', 'None', or empty`,
  )
  const watch = `${maps}?watch=1&timeoutSeconds=1&labelSelector=form`
  const events = (await ask(`${watch}&allowWatchBookmarks=true`, { headers })).body
    .trim()
    .split('\n')
  t.match(JSON.parse(events[0]!), { object: { columnDefinitions: [{ name: 'Name' }, {}, {}] } })
  t.match(JSON.parse(events[1]!), { type: 'BOOKMARK', object: { columnDefinitions: null } })
})

t.test('a refusal comes as YAML to who reads YAML', async (t) => {
  const { headers, body } = await ask(`${maps}/none`, { headers: { accept: 'application/yaml' } })
  t.equal(headers['content-type'], 'application/yaml')
  t.match(body, /^apiVersion: v1\ncode: 404\n/)
})

t.test('large answers are compressed for who takes gzip', async (t) => {
  await make('large', { text: 'x'.repeat(200_000) })
  const large = await ask(`${maps}/large`, { headers: { 'accept-encoding': 'gzip' } })
  t.equal(large.headers['content-encoding'], 'gzip')
  t.equal(large.headers['vary'], 'Accept-Encoding')
  t.match(JSON.parse(gunzipSync(large.bytes).toString()), { metadata: { name: 'large' } })
  const list = await ask(maps, { headers: { 'accept-encoding': 'deflate, gzip' } })
  t.match(JSON.parse(gunzipSync(list.bytes).toString()), { kind: 'ConfigMapList' })
  for (const encoding of ['gzip;q=1', 'br']) {
    const plain = await ask(`${maps}/large`, { headers: { 'accept-encoding': encoding } })
    t.equal(plain.headers['content-encoding'], undefined, encoding)
  }
  const small = await ask(`${maps}/one`, { headers: { 'accept-encoding': 'gzip' } })
  t.equal(small.headers['content-encoding'], undefined)
})

t.test('metadata has its fields in the order of Go', async (t) => {
  const { body } = await ask(`${maps}/one`)
  const fields = Object.keys((JSON.parse(body) as { metadata: object }).metadata)
  const wanted = ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp', 'labels']
  t.same(fields, [...wanted, 'managedFields'])
})
