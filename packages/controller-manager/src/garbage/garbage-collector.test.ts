import t from 'tap'
import { configMaps, controllerReference, pods, replicaSets } from '@kemu/api'
import type { ConfigMap, KubeObject, OwnerReference, ResourceType } from '@kemu/api'
import { eventually, meta, pod, replicaSet } from '@kemu/controller-runtime/testing'
import type { Discovery } from '../discovery/discovery.ts'
import { Bench } from '../testing/bench.ts'
import { GarbageCollector } from './garbage-collector.ts'

const verbs = ['delete', 'list', 'watch']
const served = [pods, replicaSets, configMaps].map((type) => ({ ...type, verbs }))
const discovery = {
  served: async () => ({ resources: served, failures: [] }),
  close: () => {},
} as unknown as Discovery

async function start(t: { teardown(end: () => Promise<void>): void }) {
  const bench = new Bench()
  t.teardown(() => bench.close())
  const run = () => bench.run(new GarbageCollector(bench.deps, discovery))
  const exists = async (type: ResourceType, name: string): Promise<boolean> => {
    const { items } = await bench.client.resource(type, 'default').list()
    return items.some((object) => object.metadata.name === name)
  }
  const map = async (name: string, ownerReferences: OwnerReference[] = []): Promise<ConfigMap> =>
    bench.client.resource(configMaps, 'default').create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: meta(name, { ownerReferences }),
    })
  return { bench, run, exists, map }
}

function ownedBy(owner: KubeObject, blockOwnerDeletion = true): OwnerReference {
  return { ...controllerReference(owner), blockOwnerDeletion }
}

t.test('what an owner leaves behind goes, and what that owned too', async (t) => {
  const { bench, run, exists, map } = await start(t)
  const sets = bench.client.resource(replicaSets, 'default')
  const set = await sets.create(replicaSet('web', 1))
  const owned = pod('p', { meta: { ownerReferences: [ownedBy(set)] } })
  const middle = await bench.client.resource(pods, 'default').create(owned)
  await map('leaf', [ownedBy(middle)])
  await map('free')
  await run()
  await sets.delete('web')
  await eventually(async () => !(await exists(configMaps, 'leaf')))
  t.notOk(await exists(pods, 'p'))
  t.ok(await exists(configMaps, 'free'))
})

t.test('orphans of an owner that went while nobody watched are found at the start', async (t) => {
  const { run, exists, map } = await start(t)
  const gone = replicaSet('gone', 1, { meta: { uid: 'gone' } })
  await map('left', [ownedBy(gone)])
  await run()
  await eventually(async () => !(await exists(configMaps, 'left')))
  t.pass('collected')
})

t.test('an object of the same name but another uid is no owner', async (t) => {
  const { bench, run, exists, map } = await start(t)
  const sets = bench.client.resource(replicaSets, 'default')
  await sets.create(replicaSet('web', 1))
  await map('left', [ownedBy(replicaSet('web', 1, { meta: { uid: 'an older one' } }))])
  await run()
  await eventually(async () => !(await exists(configMaps, 'left')))
  t.ok(await exists(replicaSets, 'web'))
})

t.test('a foreground deletion waits for what blocks it, and only for that', async (t) => {
  const { bench, run, exists, map } = await start(t)
  const sets = bench.client.resource(replicaSets, 'default')
  const finalizers = ['foregroundDeletion']
  const set = await sets.create(replicaSet('web', 1, { meta: { finalizers } }))
  const held = await map('held', [ownedBy(set)])
  await bench.client
    .resource(configMaps, 'default')
    .update({ ...held, metadata: { ...held.metadata, finalizers: ['mine'] } })
  await run()
  await sets.delete('web')
  const maps = bench.client.resource(configMaps, 'default')
  await eventually(async () => (await maps.get('held')).metadata.deletionTimestamp !== undefined)
  t.ok(await exists(replicaSets, 'web'), 'its dependent is still there')
  const { metadata } = await maps.get('held')
  await maps.update({ ...held, metadata: { ...metadata, finalizers: [] } })
  await eventually(async () => !(await exists(replicaSets, 'web')))
  t.notOk(await exists(configMaps, 'held'))
})
