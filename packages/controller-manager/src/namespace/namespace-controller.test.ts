import t from 'tap'
import { configMaps, namespaces, pods } from '@kemu/api'
import type { Namespace } from '@kemu/api'
import { ManualClock } from '@kemu/base/testing'
import { eventually, meta, pod } from '@kemu/controller-runtime/testing'
import type { Discovery } from '../discovery/discovery.ts'
import { Bench } from '../testing/bench.ts'
import { NamespaceController } from './namespace-controller.ts'

const verbs = ['delete', 'deletecollection', 'list', 'watch']
const discovery = {
  served: async () => ({
    resources: [pods, configMaps].map((r) => ({ ...r, verbs })),
    failures: [],
  }),
  close: () => {},
} as unknown as Discovery

async function start(t: { teardown(end: () => Promise<void>): void }) {
  const clock = new ManualClock()
  const bench = new Bench(clock)
  t.teardown(() => bench.close())
  const spaces = bench.client.resource(namespaces)
  const metadata = meta('a', { finalizers: ['held by the test'] })
  delete metadata.namespace
  const finalized: Namespace[] = []
  bench.transport.onWrite = (verb, { resource, subresource }, body) => {
    if (verb === 'update' && resource === 'namespaces' && subresource === 'finalize')
      finalized.push(body as Namespace)
  }
  const draft = { apiVersion: 'v1', kind: 'Namespace', metadata }
  await spaces.create({
    ...draft,
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  })
  const remove = async (): Promise<void> => {
    // The server in memory does not keep a namespace back for its spec's finalizers; one in its metadata does that.
    await spaces.delete('a')
  }
  return { bench, clock, spaces, finalized, remove }
}

t.test('a namespace that is deleted is emptied, then let go', async (t) => {
  const { bench, spaces, finalized, remove } = await start(t)
  await bench.client.resource(configMaps, 'a').create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: meta('m', { namespace: 'a' }),
  })
  await bench.client.resource(pods, 'a').create(pod('p', { meta: { namespace: 'a' } }))
  await bench.run(new NamespaceController(bench.deps, discovery))
  await remove()
  await eventually(() => finalized.length > 0)
  t.same(finalized[0]!.spec.finalizers, [])
  t.equal((await bench.client.resource(configMaps, 'a').list()).items.length, 0)
  const { status } = await spaces.get('a')
  t.equal(status.phase, 'Terminating')
  t.match(
    status.conditions?.find((c) => c.type === 'NamespaceContentRemaining'),
    { status: 'False', reason: 'ContentRemoved', message: 'All content successfully removed' },
  )
})

t.test('pods go first; what a finalizer holds back is told', async (t) => {
  const { bench, clock, spaces, finalized, remove } = await start(t)
  const own = bench.client.resource(pods, 'a')
  const held = { namespace: 'a', finalizers: ['example.com/hold'] }
  await own.create(pod('p', { meta: held }))
  const maps = bench.client.resource(configMaps, 'a')
  const draft = { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('m', { namespace: 'a' }) }
  await maps.create(draft)
  await bench.run(new NamespaceController(bench.deps, discovery))
  await remove()
  const remaining = async () =>
    (await spaces.get('a')).status.conditions?.find(
      (c) => c.type === 'NamespaceFinalizersRemaining',
    )
  await eventually(async () => (await remaining()) !== undefined)
  t.match(await remaining(), {
    status: 'True',
    reason: 'SomeFinalizersRemain',
    message:
      'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  })
  t.match(
    (await spaces.get('a')).status.conditions?.find((c) => c.type === 'NamespaceContentRemaining'),
    { message: 'Some resources are remaining: pods. has 1 resource instances' },
  )
  t.equal((await maps.list()).items.length, 1, 'config maps wait for the pods')
  const current = await own.get('p')
  await own.update({ ...current, metadata: { ...current.metadata, finalizers: [] } })
  await eventually(() => {
    clock.advance(5_000)
    return finalized.length > 0
  })
  t.equal((await maps.list()).items.length, 0)
})
