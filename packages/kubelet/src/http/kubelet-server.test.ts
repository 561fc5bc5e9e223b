import { request } from 'node:https'
import t from 'tap'
import type { KubeObject } from '@kemu/api'
import { MetricsRegistry, silentLogger } from '@kemu/base'
import { Client } from '@kemu/client'
import type { ResourcePath } from '@kemu/client'
import { MemoryTransport } from '@kemu/client/memory'
import { CertificateAuthority } from '@kemu/pki'
import type { Identity } from '@kemu/pki'
import { parseKubeletConfiguration } from '../config/kubelet-configuration.ts'
import { KubeletWorld } from '../testing/kubelet-world.ts'
import { DelegatedAuth } from './delegated-auth.ts'
import { KubeletServer } from './kubelet-server.ts'

/** Answers reviews as a test decides, and counts them. */
class ReviewingApi extends MemoryTransport {
  readonly asked: string[] = []

  override async create(path: ResourcePath, body: object): Promise<KubeObject> {
    const { spec } = body as { spec: Record<string, unknown> }
    if (path.resource === 'tokenreviews') {
      this.asked.push(`token ${String(spec['token'])}`)
      const authenticated = spec['token'] === 'good'
      return { ...body, status: { authenticated, user: { username: 'ann' } } } as never
    }
    const attributes = spec['resourceAttributes'] as Record<string, string>
    this.asked.push(`${String(spec['user'])} ${attributes['verb']} ${attributes['subresource']}`)
    const allowed = spec['user'] !== 'bob' && attributes['subresource'] === 'proxy'
    return { ...body, status: { allowed } } as never
  }
}

interface Answer {
  readonly code: number
  readonly text: string
}

interface Site {
  readonly world: KubeletWorld
  readonly api: ReviewingApi
  readonly identityOf: (commonName: string) => Promise<Identity>
  readonly get: (path: string, identity?: Identity, token?: string) => Promise<Answer>
}

async function makeSite(test: { teardown(work: () => Promise<void>): void }): Promise<Site> {
  const world = new KubeletWorld()
  test.teardown(() => world.close())
  await world.start()
  const nowMs = Date.now()
  const authority = await CertificateAuthority.create('ca', nowMs)
  const issue = (commonName: string, usage: 'client auth' | 'server auth'): Promise<Identity> =>
    authority.issue({
      commonName,
      usages: [usage],
      ipAddresses: ['127.0.0.1'],
      notBeforeMs: nowMs - 1000,
      notAfterMs: nowMs + 3_600_000,
    })
  const config = parseKubeletConfiguration({}, 'test')
  const auth = new DelegatedAuth({ clock: world.clock, nodeName: 'n1', ...config })
  const api = new ReviewingApi()
  auth.connect(new Client(api))
  const server = new KubeletServer({
    kubelet: world.kubelet,
    cri: world.cri,
    clock: world.clock,
    logger: silentLogger,
    auth,
    metrics: new MetricsRegistry(),
    systemLogsDir: world.dir,
  })
  const { certificate: cert, privateKey: key } = await issue('n1', 'server auth')
  const port = await server.listen('127.0.0.1', 0, { cert, key, clientCa: authority.certificate })
  test.teardown(() => server.close())
  const get: Site['get'] = (path, identity, token) =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port,
          path,
          agent: false,
          ca: authority.certificate,
          ...(identity && { cert: identity.certificate, key: identity.privateKey }),
          ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
        },
        (response) => {
          let text = ''
          response.on('data', (chunk: Buffer) => (text += chunk.toString()))
          response.on('end', () => resolve({ code: response.statusCode ?? 0, text }))
        },
      )
      outgoing.on('error', reject)
      outgoing.end()
    })
  return { world, api, get, identityOf: (name) => issue(name, 'client auth') }
}

t.test('nobody comes in unknown, and nobody does what he may not', async (t) => {
  const { api, get, identityOf } = await makeSite(t)
  t.same(await get('/pods'), { code: 401, text: 'Unauthorized' })
  t.same(await get('/pods', undefined, 'bad'), { code: 401, text: 'Unauthorized' })
  t.same(await get('/pods', await identityOf('bob')), {
    code: 403,
    text: 'Forbidden (user=bob, verb=get, resource=nodes, subresource(s)=[pods proxy])\n',
  })
  const ann = await identityOf('ann')
  t.equal((await get('/pods', ann)).code, 200)
  t.equal((await get('/pods', undefined, 'good')).code, 200)
  const asked = api.asked.length
  t.equal((await get('/pods', undefined, 'good')).code, 200)
  t.equal(api.asked.length, asked, 'answers are kept')
})

t.test('pods are listed, logs are read, and what is not there is said', async (t) => {
  const { world, get, identityOf } = await makeSite(t)
  const ann = await identityOf('ann')
  await world.create('web')
  await world.clock.advance(10)
  const { items } = JSON.parse((await get('/pods', ann)).text) as { items: KubeObject[] }
  t.match(items, [{ metadata: { name: 'web' }, status: { phase: 'Running' } }])
  t.same(await get('/containerLogs/default/nope/main', ann), {
    code: 404,
    text: 'pod "nope" does not exist',
  })
  t.same(await get('/containerLogs/default/web/nope', ann), {
    code: 404,
    text: 'container "nope" not found in pod "web"',
  })
  t.equal((await get('/containerLogs/default/web/main?previous=true', ann)).code, 400)
  t.equal((await get('/exec/default/web/main?command=ls', ann)).code, 400)
  t.equal((await get('/nowhere', ann)).code, 404)
})

t.test('logs of the host and figures have permissions of their own', async (t) => {
  const { api, get, identityOf } = await makeSite(t)
  const ann = await identityOf('ann')
  t.equal((await get('/logs/app.log', ann)).code, 403)
  t.equal((await get('/metrics/resource', ann)).code, 403)
  t.same(api.asked, ['ann get log', 'ann get metrics'])
})
