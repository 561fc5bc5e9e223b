import t from 'tap'
import { configMaps, isExpired } from '@kemu/api'
import { Client } from '@kemu/client'
import type { WatchEvent } from '@kemu/client'
import { systemClock } from '@kemu/base'
import { MasterLeases } from './bootstrap/master-leases.ts'
import { EtcdStore } from './store/etcd-store.ts'
import { RealEtcd } from './testing/real-etcd.ts'
import { admin, TestServer } from './testing/test-server.ts'

const etcd = await RealEtcd.start()
if (!etcd) t.pass('skipped', { skip: 'no etcd program on this machine' })
else {
  const server = await TestServer.start(etcd.endpoint)
  t.teardown(async () => {
    await server.stop()
    await etcd.stop()
  })
  const maps = async () => new Client(await server.rest(admin)).resource(configMaps, 'default')

  t.test(
    'goes on after a restart where it stood: objects, versions, pages and watches',
    async (t) => {
      const before = await maps()
      for (const name of ['a', 'b', 'c']) {
        await before.create(configMap(name))
      }
      const first = await before.list({
        limit: 1,
        fieldSelector: 'metadata.name!=kube-root-ca.crt',
      })
      const { resourceVersion, continue: token } = first.metadata
      const service = await (await server.rest(admin)).raw('GET', kubernetesService)
      await server.halt()
      await server.run()
      const after = await maps()
      const rest = await after.list({
        limit: 5,
        fieldSelector: 'metadata.name!=kube-root-ca.crt',
        ...(token !== undefined && { continue: token }),
      })
      t.same(
        rest.items.map(({ metadata }) => metadata.name),
        ['b', 'c'],
        'a list goes on at the same moment',
      )
      t.equal(rest.metadata.resourceVersion, resourceVersion)
      const now = await after.list()
      t.ok(
        Number(now.metadata.resourceVersion) >= Number(resourceVersion),
        'the version never goes back',
      )
      // As upstream: what happened before the start is not in the window of a new watch cache.
      t.ok(isExpired(await watch(after, resourceVersion, 1).catch((error: unknown) => error)))
      await after.delete('b')
      t.same(await watch(after, now.metadata.resourceVersion, 1), ['DELETED b'])
      const again = await (await server.rest(admin)).raw('GET', kubernetesService)
      t.equal(
        uidOf(again.text),
        uidOf(service.text),
        'what the server made itself is not made again',
      )
    },
  )

  t.test(
    'answers Expired for what was compacted, and lists that were begun can go on',
    async (t) => {
      const resource = await maps()
      const page = await resource.list({ limit: 1 })
      const old = page.metadata.resourceVersion
      await resource.create(configMap('later'))
      const store = new EtcdStore({ endpoints: [etcd.endpoint], clock: systemClock })
      await store.compact((await store.get('/registry/')).revision)
      store.close()
      const exact = { resourceVersion: old, resourceVersionMatch: 'Exact' as const }
      t.ok(isExpired(await resource.list(exact).catch((error: unknown) => error)))
      const token = page.metadata.continue ?? ''
      const refusal = await resource
        .list({ limit: 1, continue: token })
        .catch((error: unknown) => error)
      t.ok(isExpired(refusal))
      const { status } = refusal as { status: { metadata: { continue: string } } }
      const rest = await resource.list({ limit: 50, continue: status.metadata.continue })
      t.ok(
        rest.items.some(({ metadata }) => metadata.name === 'later'),
        'the token in the refusal leads on at the newest moment',
      )
      await server.halt()
      await server.run()
      t.ok(isExpired(await watch(await maps(), old, 1).catch((error: unknown) => error)))
    },
  )

  t.test(
    'a server that comes back with another address is listed with that one only',
    async (t) => {
      const lease = '--endpoint-reconciler-type=lease'
      const listed = async (): Promise<unknown> => {
        const path = '/api/v1/namespaces/default/endpoints/kubernetes'
        const { text } = await (await server.rest(admin)).raw('GET', path)
        const { subsets } = JSON.parse(text) as { subsets: { addresses: { ip: string }[] }[] }
        return subsets.flatMap(({ addresses }) => addresses.map(({ ip }) => ip))
      }
      await server.halt()
      await server.run([lease, '--advertise-address=10.0.0.1'])
      t.same(await listed(), ['10.0.0.1'])
      await server.halt()
      // As if it had been killed: its key stands for some seconds more.
      const store = new EtcdStore({ endpoints: [etcd.endpoint], clock: systemClock })
      const killed = { server: server.identity, advertiseAddress: '10.0.0.1' }
      await new MasterLeases(killed, store).renew()
      store.close()
      await server.run([lease, '--advertise-address=10.0.0.2'])
      t.same(await listed(), ['10.0.0.2'])
      await server.halt()
      await server.run()
    },
  )

  t.test('serves on when etcd is killed and comes back', async (t) => {
    const resource = await maps()
    const { metadata } = await resource.list()
    const seen = watch(resource, metadata.resourceVersion, 1)
    await etcd.kill()
    etcd.run()
    await resource.create(configMap('after-the-fall'))
    t.same(await seen, ['ADDED after-the-fall'])
  })
}

const kubernetesService = '/api/v1/namespaces/default/services/kubernetes'

function configMap(name: string) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: {} }
}

function uidOf(text: string): string {
  return (JSON.parse(text) as { metadata: { uid: string } }).metadata.uid
}

/** The first events of a watch, as words. */
async function watch(
  resource: {
    watch(
      options: { resourceVersion: string },
      signal: AbortSignal,
    ): AsyncIterable<readonly WatchEvent[]>
  },
  resourceVersion: string,
  count: number,
): Promise<string[]> {
  const ending = new AbortController()
  const events: string[] = []
  try {
    for await (const batch of resource.watch({ resourceVersion }, ending.signal)) {
      for (const { type, object } of batch) events.push(`${type} ${object.metadata.name}`)
      if (events.length >= count) break
    }
  } finally {
    ending.abort()
  }
  return events
}
