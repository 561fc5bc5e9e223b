import { createVerify, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { configMaps, namespaces, pods, secrets, serviceAccounts, statusError } from '@kemu/api'
import type { ClusterRole, Namespace } from '@kemu/api'
import { silentLogger } from '@kemu/base'
import { MemoryTransport } from '@kemu/client/memory'
import { Client } from '@kemu/client'
import { ManualClock } from '@kemu/base/testing'
import { eventually, meta } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import { aggregateRules } from './cluster-role-aggregation-controller.ts'
import { Identities } from './identities.ts'
import { IdentityTransport } from './identity-transport.ts'
import { RootCaPublisher } from './root-ca-publisher.ts'
import { ServiceAccountController } from './service-account-controller.ts'
import { ServiceAccountTokensController } from './service-account-tokens-controller.ts'

function namespace(name: string, phase = 'Active'): Namespace {
  const metadata = meta(name)
  delete metadata.namespace
  return { apiVersion: 'v1', kind: 'Namespace', metadata, spec: {}, status: { phase } }
}

t.test('each active namespace has its default account and the root authority', async (t) => {
  const bench = new Bench()
  t.teardown(() => bench.close())
  const spaces = bench.client.resource(namespaces)
  await spaces.create(namespace('a'))
  await spaces.create(namespace('leaving', 'Terminating'))
  await bench.run(new ServiceAccountController(bench.deps))
  await bench.run(new RootCaPublisher(bench.deps, 'PEM'))
  const maps = bench.client.resource(configMaps, 'a')
  await eventually(async () => (await maps.list()).items.length === 1)
  await eventually(
    async () => (await bench.client.resource(serviceAccounts, 'a').list()).items.length === 1,
  )
  t.match(await maps.get('kube-root-ca.crt'), { data: { 'ca.crt': 'PEM' } })
  const account = bench.client.resource(serviceAccounts, 'a')
  await account.delete('default')
  await eventually(async () => (await account.list()).items.length === 1)
  const changed = await maps.get('kube-root-ca.crt')
  await maps.update({ ...changed, data: { 'ca.crt': 'forged' } })
  await eventually(async () => (await maps.get('kube-root-ca.crt')).data!['ca.crt'] === 'PEM')
  const elsewhere = await bench.client.resource(serviceAccounts, 'leaving').list()
  t.equal(elsewhere.items.length, 0)
})

t.test(
  'a token secret is filled with a token that its account key signed, and dies with it',
  async (t) => {
    const bench = new Bench()
    t.teardown(() => bench.close())
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const accounts = bench.client.resource(serviceAccounts, 'default')
    const account = await accounts.create({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: meta('robot'),
    })
    await bench.run(
      new ServiceAccountTokensController({ privateKey: pem, rootCa: 'PEM' }, bench.deps),
    )
    const own = bench.client.resource(secrets, 'default')
    await own.create({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/service-account-token',
      metadata: meta('tok', { annotations: { 'kubernetes.io/service-account.name': 'robot' } }),
    })
    await eventually(async () => (await own.get('tok')).data?.['token'] !== undefined)
    const { data, metadata } = await own.get('tok')
    t.equal(metadata.annotations?.['kubernetes.io/service-account.uid'], account.metadata.uid)
    t.equal(Buffer.from(data!['ca.crt']!, 'base64').toString(), 'PEM')
    const jwt = Buffer.from(data!['token']!, 'base64').toString()
    const [header, payload, signature] = jwt.split('.')
    const verify = createVerify('sha256').update(`${header}.${payload}`)
    t.ok(verify.verify(publicKey, signature!, 'base64url'))
    t.match(JSON.parse(Buffer.from(payload!, 'base64url').toString()), {
      sub: 'system:serviceaccount:default:robot',
      'kubernetes.io/serviceaccount/secret.name': 'tok',
    })
    await accounts.delete('robot')
    await eventually(async () => (await own.list()).items.length === 0)
  },
)

t.test('an identity asks for its token once, and again before it ends', async (t) => {
  const clock = new ManualClock()
  const memory = new MemoryTransport()
  const used: string[] = []
  let asked = 0
  const transport = new IdentityTransport({
    clock,
    requestToken: async () => {
      asked += 1
      if (asked === 1) throw new Error('not yet')
      return { token: `token-${asked}`, lifetimeMs: 1_000 }
    },
    callAs: (token) => {
      used.push(token)
      return memory
    },
  })
  const own = new Client(transport).resource(pods, 'default')
  await t.rejects(own.list(), { message: 'not yet' })
  await Promise.all([own.list(), own.list()])
  clock.advance(799)
  await own.list()
  t.same(new Set(used), new Set(['token-2']))
  clock.advance(1)
  await own.list()
  t.equal(used.at(-1), 'token-3')
  memory.onWrite = () => {
    throw statusError('Unauthorized', 'Unauthorized')
  }
  await t.rejects(own.delete('p'), { message: 'Unauthorized' })
  await own.list()
  t.equal(used.at(-1), 'token-4', 'a token that was not believed is not used again')
  memory.close()
})

t.test('accounts of a young cluster are made before their tokens are asked for', async (t) => {
  const memory = new MemoryTransport()
  t.teardown(() => memory.close())
  const asked: string[] = []
  const create = memory.create.bind(memory)
  memory.create = async (...[path, body]: Parameters<typeof create>) => {
    asked.push(`${path.subresource || 'account'} ${path.name || nameOf(body)}`)
    if (path.subresource !== 'token') return create(path, body)
    await memory.get({ ...path, subresource: '' })
    return { status: { token: 'T', expirationTimestamp: '' } } as never
  }
  const clock = new ManualClock()
  const identities = new Identities({
    access: { server: 'https://192.0.2.1', ca: 'PEM' },
    client: new Client(memory),
    clock,
    logger: silentLogger,
    userAgent: 'test',
    separate: true,
  })
  t.teardown(() => identities.close())
  identities.clientOf('a')
  identities.clientOf('b')
  const warmed = identities.warm()
  clock.advance(5_999)
  t.same(asked, [], 'the start has other work')
  clock.advance(1)
  await warmed
  t.same(asked, ['token a', 'account a', 'token a', 'account b', 'token b'])
})

function nameOf(body: object): string {
  return (body as { metadata: { name: string } }).metadata.name
}

t.test('an aggregated role has the rules of those that carry its label, each once', async (t) => {
  const role = (name: string, label: string | undefined, resource: string): ClusterRole => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: meta(name, label === undefined ? {} : { labels: { [label]: 'true' } }),
    rules: [{ apiGroups: [''], resources: [resource], verbs: ['get'] }],
  })
  const view = {
    ...role('view', undefined, 'none'),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { toView: 'true' } }] },
  }
  const all = [view, role('b', 'toView', 'pods'), role('a', 'toView', 'pods'), role('c', 'x', 'y')]
  t.match(aggregateRules(view, all), [{ resources: ['pods'] }])
  t.equal(aggregateRules(view, all).length, 1)
})
