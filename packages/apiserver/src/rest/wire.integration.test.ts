// What a client sees below the objects: codes, headers and the form of bodies, as curl showed them of a real
// kube-apiserver v1.36.
import t from 'tap'
import { rawClient } from '../testing/raw-client.ts'
import type { RawAnswer as Answer } from '../testing/raw-client.ts'
import { admin, TestServer } from '../testing/test-server.ts'

const server = await TestServer.start()
t.teardown(() => server.stop())
const identity = await server.clientIdentity(admin)

const ask = rawClient(server, identity)

interface Refusal {
  readonly message: string
  readonly reason: string
  readonly details?: unknown
}

const refusal = ({ body }: Answer): Refusal => JSON.parse(body) as Refusal

t.test(
  'a Status names its kind first and lets browsers guess only where upstream does',
  async (t) => {
    const missing = await ask('/api/v1/namespaces/none')
    t.match(missing.body, /^\{"kind":"Status","apiVersion":"v1","metadata":\{\}/)
    t.equal(missing.headers['x-content-type-options'], undefined)
    const stranger = await ask('/api/v1/namespaces', { anonymous: true })
    t.equal(stranger.code, 403)
    t.equal(stranger.headers['x-content-type-options'], 'nosniff')
  },
)

t.test('what no client accepts and what no body may be', async (t) => {
  const html = await ask('/api/v1/namespaces/default', { headers: { accept: 'text/html' } })
  t.equal(html.code, 406)
  t.match(
    refusal(html).message,
    /^406: Not Acceptable\n\nAvailable representations: application\/json/,
  )
  t.strictSame(refusal(html).details, {})
  const headers = { 'content-type': 'application/json' }
  const patch = await ask('/api/v1/namespaces/default', { method: 'PATCH', headers, body: '{}' })
  t.equal(patch.code, 415)
  t.equal(refusal(patch).message, '415: Unsupported Media Type')
})

t.test('methods that no path has', async (t) => {
  for (const method of ['HEAD', 'OPTIONS'])
    t.equal((await ask('/api/v1/namespaces/default', { method })).code, 405, method)
  const headers = { 'content-type': 'application/json' }
  const everywhere = await ask('/api/v1/pods', { method: 'POST', headers, body: '{}' })
  t.equal(everywhere.code, 405, 'a pod is made in a namespace')
})

t.test('YAML is written as Go writes it', async (t) => {
  const headers = { accept: 'application/yaml' }
  const { body } = await ask('/api/v1/namespaces/default', { headers })
  t.match(body, /^apiVersion: v1\nkind: Namespace\nmetadata:\n  creationTimestamp: "20/)
  t.match(body, /\n  finalizers:\n  - kubernetes\n/)
  t.match(body, /\n  resourceVersion: "\d+"\n/)
})

t.test('the root lists the paths, and the version is indented', async (t) => {
  const { paths } = JSON.parse((await ask('/')).body) as { paths: string[] }
  for (const path of ['/api/v1', '/apis/apps/v1', '/livez/ping', '/openapi/v3', '/version'])
    t.ok(paths.includes(path), path)
  t.match((await ask('/version')).body, /^\{\n {2}"major": "1",\n/)
})

t.test('a list has no initial events to send', async (t) => {
  const answer = await ask('/api/v1/namespaces?sendInitialEvents=true')
  t.equal(answer.code, 422)
  t.equal(
    refusal(answer).message,
    'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
  )
})

t.test('a watch from long ago begins, and ends with an event', async (t) => {
  const answer = await ask('/api/v1/namespaces?watch=true&resourceVersion=1')
  t.equal(answer.code, 200)
  const event = JSON.parse(answer.body) as { type: string; object: Refusal & { code: number } }
  t.equal(event.type, 'ERROR')
  t.equal(event.object.code, 410)
  t.match(event.object.message, /^too old resource version: 1 \(\d+\)$/)
})

t.test('who made an object owns its fields from the start', async (t) => {
  const body = JSON.stringify({
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'owned', labels: { a: 'b' } },
    data: { c: 'd' },
  })
  const headers = { 'content-type': 'application/json', 'user-agent': 'curl/8.0' }
  const made = await ask('/api/v1/namespaces/default/configmaps', { method: 'POST', headers, body })
  const { metadata } = JSON.parse(made.body) as { metadata: { managedFields: unknown[] } }
  t.match(metadata.managedFields, [
    {
      manager: 'curl',
      operation: 'Update',
      apiVersion: 'v1',
      fieldsV1: {
        'f:data': { '.': {}, 'f:c': {} },
        'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
      },
    },
  ])
})

const maps = '/api/v1/namespaces/default/configmaps'
const json = { 'content-type': 'application/json' }
const send = (path: string, method: string, body: object): Promise<Answer> =>
  ask(path, { method, headers: json, body: JSON.stringify(body) })

t.test('nothing of a namespaced kind is deleted everywhere at once', async (t) => {
  t.equal((await ask('/api/v1/configmaps', { method: 'DELETE' })).code, 405)
})

t.test('a path with a name is a get, whatever the query says of watching', async (t) => {
  const { body } = await ask('/api/v1/namespaces/default?watch=1')
  t.match(JSON.parse(body), { kind: 'Namespace' })
})

t.test(
  'a version that a group does not have is told apart from a group that is none',
  async (t) => {
    const version = await ask('/apis/apps/v2/deployments')
    t.equal(refusal(version).message, 'the server could not find the requested resource')
    t.equal((await ask('/apis/none/v1/things')).body, '404 page not found\n')
  },
)

t.test('what a write may not state', async (t) => {
  const version = await send(maps, 'POST', { metadata: { name: 'v', resourceVersion: '5' } })
  t.equal(version.code, 500)
  t.equal(refusal(version).message, 'resourceVersion should not be set on objects to be created')
  const nameless = await send('/api/v1/namespaces/default', 'PUT', { metadata: {} })
  t.equal(
    refusal(nameless).message,
    'the name of the object (default based on URL) was undeterminable: name must be provided',
  )
  const unversioned = { metadata: { name: 'default', resourceVersion: 'x' } }
  const invalid = await send('/api/v1/namespaces/default', 'PUT', unversioned)
  t.equal(refusal(invalid).message, 'strconv.ParseUint: parsing "x": invalid syntax')
  const stranger = await send('/api/v1/namespaces/default', 'PUT', {
    metadata: { name: 'default', uid: 'other' },
  })
  const { message } = refusal(stranger)
  t.match(message, /StorageError: invalid object, Code: 4, Key: \/registry\/namespaces\/default, /)
  t.match(message, /: Precondition failed: UID in precondition: other, UID in object meta: /)
})

t.test('a dry run that would create by PUT shows no version', async (t) => {
  const path = '/api/v1/namespaces/default/limitranges/l?dryRun=All'
  const { code, body } = await send(path, 'PUT', { metadata: { name: 'l' }, spec: { limits: [] } })
  t.equal(code, 201)
  t.equal('resourceVersion' in (JSON.parse(body) as { metadata: object }).metadata, false)
})

t.test('a version that no number is, in a get and in a list', async (t) => {
  const number =
    'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax'
  const get = await ask('/api/v1/namespaces/default?resourceVersion=x')
  t.equal(get.code, 500)
  t.equal(refusal(get).message, number)
  const list = await ask('/api/v1/namespaces?resourceVersion=x')
  t.equal(refusal(list).message, `invalid resource version: ${number}`)
})

t.test('a watch of a state that has not come begins, and ends with an event', async (t) => {
  const initial = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan'
  const answer = await ask(`${maps}?watch=1&${initial}&resourceVersion=99999999999`)
  t.equal(answer.code, 200)
  t.match(JSON.parse(answer.body), { type: 'ERROR', object: { code: 504, reason: 'Timeout' } })
})

interface MadeService {
  readonly spec: { readonly clusterIP?: string; readonly ports: { readonly nodePort?: number }[] }
}

t.test('a service that an update or an apply creates gets its address', async (t) => {
  const services = '/api/v1/namespaces/default/services'
  const service = (name: string): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { ports: [{ port: 80 }] },
  })
  const put = await send(`${services}/put`, 'PUT', service('put'))
  t.match((JSON.parse(put.body) as MadeService).spec.clusterIP, /^10\./)
  const applied = await ask(`${services}/applied?fieldManager=me`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: JSON.stringify(service('applied')),
  })
  t.equal(applied.code, 201)
  t.match((JSON.parse(applied.body) as MadeService).spec.clusterIP, /^10\./)
})

t.test('a dry run takes no address and no port, and guesses as upstream does', async (t) => {
  const ports = [
    { port: 80, name: 'a' },
    { port: 81, name: 'b' },
  ]
  const path = '/api/v1/namespaces/default/services?dryRun=All'
  const { body } = await send(path, 'POST', {
    metadata: { name: 'dry' },
    spec: { type: 'NodePort', ports },
  })
  const made = (JSON.parse(body) as MadeService).spec
  t.equal(made.clusterIP, '10.96.0.0')
  t.same(
    made.ports.map(({ nodePort }) => nodePort),
    [32_769, 32_770],
  )
})
