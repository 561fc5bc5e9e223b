// What a client sees below the objects: codes, headers and the form of bodies, as curl showed them of a real
// kube-apiserver v1.36.
import { request } from 'node:https'
import t from 'tap'
import { admin, TestServer } from '../testing/test-server.ts'

const server = await TestServer.start()
t.teardown(() => server.stop())
const identity = await server.clientIdentity(admin)

interface Answer {
  readonly code: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly anonymous?: boolean
}

function ask(path: string, { method = 'GET', body = '', ...more }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port: server.running.restPort,
      path,
      method,
      headers: { 'content-length': Buffer.byteLength(body), ...more.headers },
      agent: false,
      rejectUnauthorized: false,
      ...(more.anonymous !== true && identity),
    })
    asked.on('error', reject)
    asked.on('response', (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('end', () =>
        resolve({
          code: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces).toString(),
        }),
      )
    })
    asked.end(body)
  })
}

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
