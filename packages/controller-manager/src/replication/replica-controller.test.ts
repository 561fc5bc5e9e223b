import t from 'tap'
import {
  controllerReference,
  pods,
  replicaSets,
  replicationControllers,
  statusError,
} from '@kemu/api'
import { eventually, meta, pod, replicaSet } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import { ReplicaController } from './replica-controller.ts'
import { replicaSetKind, replicationControllerKind } from './replica-owner.ts'

async function start(t: { teardown(end: () => Promise<void>): void }) {
  const bench = new Bench()
  t.teardown(() => bench.close())
  await bench.run(new ReplicaController(replicaSetKind, bench.deps))
  const own = bench.client.resource(pods, 'default')
  const sets = bench.client.resource(replicaSets, 'default')
  return { bench, own, sets, list: async () => (await own.list()).items }
}

t.test('makes the missing pods, owned by the set, and counts them in its status', async (t) => {
  const { bench, sets, list } = await start(t)
  await sets.create(replicaSet('web', 3))
  await eventually(async () => (await sets.get('web')).status.replicas === 3)
  const made = await list()
  t.equal(made.length, 3)
  for (const { metadata } of made) {
    t.match(metadata.name, /^web-/)
    t.match(metadata.ownerReferences, [{ kind: 'ReplicaSet', name: 'web', controller: true }])
  }
  t.equal(bench.told.filter(({ reason }) => reason === 'SuccessfulCreate').length, 3)
  t.match(bench.told[0]!.message, /^Created pod: web-/)
})

t.test('replaces a pod that vanished, and takes one away that is too many', async (t) => {
  const { bench, own, sets, list } = await start(t)
  await sets.create(replicaSet('web', 2))
  await eventually(async () => (await list()).length === 2)
  const [gone] = await list()
  await own.delete(gone!.metadata.name)
  await eventually(async () => {
    const now = await list()
    return now.length === 2 && now.every((p) => p.metadata.uid !== gone!.metadata.uid)
  })
  const set = await sets.get('web')
  await sets.update({ ...set, spec: { ...set.spec, replicas: 1 } })
  await eventually(async () => (await list()).length === 1)
  t.equal(bench.told.filter(({ reason }) => reason === 'SuccessfulDelete').length, 1)
})

t.test('never makes more than wanted, though its cache lags behind its writes', async (t) => {
  const { bench, sets, list } = await start(t)
  let most = 0
  let living = 0
  bench.transport.onWrite = (verb, { resource }) => {
    if (resource !== 'pods') return
    if (verb === 'create') most = Math.max(most, (living += 1))
    if (verb === 'delete') living -= 1
  }
  await sets.create(replicaSet('web', 20))
  await eventually(async () => (await sets.get('web')).status.replicas === 20)
  t.equal(most, 20)
  t.equal((await list()).length, 20)
})

t.test('adopts a matching orphan instead of making one', async (t) => {
  const { own, sets, list } = await start(t)
  await own.create(pod('orphan', { meta: { labels: { app: 'web' } } }))
  await sets.create(replicaSet('web', 1))
  await eventually(async () => (await sets.get('web')).status.replicas === 1)
  const all = await list()
  t.same(
    all.map((p) => p.metadata.name),
    ['orphan'],
  )
  t.match(all[0]!.metadata.ownerReferences, [{ name: 'web' }])
})

t.test('a refusal is told in the status, and goes away with its cause', async (t) => {
  const { bench, sets } = await start(t)
  bench.transport.onWrite = (verb, { resource, subresource }) => {
    if (verb === 'create' && resource === 'pods' && subresource === '')
      throw statusError('Forbidden', 'exceeded quota: tiny')
  }
  await sets.create(replicaSet('web', 2))
  const failure = async () =>
    (await sets.get('web')).status.conditions?.find((c) => c.type === 'ReplicaFailure')
  await eventually(async () => (await failure()) !== undefined)
  t.match(await failure(), {
    status: 'True',
    reason: 'FailedCreate',
    message: 'exceeded quota: tiny',
  })
  t.match(bench.told[0], {
    type: 'Warning',
    reason: 'FailedCreate',
    message: 'Error creating: exceeded quota: tiny',
  })
  bench.transport.onWrite = () => {}
  await eventually(async () => (await failure()) === undefined)
  t.equal((await sets.get('web')).status.replicas, 2)
})

t.test('ready pods count as available once minReadySeconds have passed', async (t) => {
  const { own, sets, list } = await start(t)
  await sets.create(replicaSet('web', 1))
  await eventually(async () => (await list()).length === 1)
  const [made] = await list()
  const lastTransitionTime = '2026-01-01T00:00:00Z'
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime }]
  await own.updateStatus({ ...made!, status: { phase: 'Running', conditions } })
  await eventually(async () => (await sets.get('web')).status.availableReplicas === 1)
  t.equal((await sets.get('web')).status.readyReplicas, 1)
})

t.test('a replication controller selects by its map of labels', async (t) => {
  const bench = new Bench()
  t.teardown(() => bench.close())
  await bench.run(new ReplicaController(replicationControllerKind, bench.deps))
  const labels = { name: 'front' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } }
  const controllers = bench.client.resource(replicationControllers, 'default')
  await controllers.create({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: meta('front'),
    spec: { replicas: 2, selector: labels, template },
    status: { replicas: 0 },
  })
  await eventually(async () => (await controllers.get('front')).status.replicas === 2)
  const [made] = (await bench.client.resource(pods, 'default').list()).items
  t.match(made!.metadata.ownerReferences, [{ kind: 'ReplicationController', name: 'front' }])
  t.equal(controllerReference(await controllers.get('front')).apiVersion, 'v1')
})
