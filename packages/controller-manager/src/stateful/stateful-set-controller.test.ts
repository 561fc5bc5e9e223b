import t from 'tap'
import { persistentVolumeClaims, pods, statefulSets } from '@kemu/api'
import type { Draft, Pod, PodStatus, StatefulSet } from '@kemu/api'
import { eventually } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import { StatefulSetController } from './stateful-set-controller.ts'

function statefulSet(spec: Partial<StatefulSet['spec']> = {}): Draft<StatefulSet> {
  const labels = { app: 'db' }
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      replicas: 3,
      serviceName: 'db',
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'main', image: 'db:1' }] },
      },
      ...spec,
    },
    status: { replicas: 0 },
  }
}

async function start(t: { teardown(end: () => Promise<void>): void }) {
  const bench = new Bench()
  t.teardown(() => bench.close())
  await bench.run(new StatefulSetController(bench.deps))
  const own = bench.client.resource(pods, 'default')
  const sets = bench.client.resource(statefulSets, 'default')
  const list = async (): Promise<Pod[]> => (await own.list()).items
  const names = async () => (await list()).map(({ metadata }) => metadata.name).sort()
  const makeReady = async (name: string): Promise<void> => {
    const lastTransitionTime = '2026-01-01T00:00:00Z'
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime }]
    const status = { phase: 'Running', conditions } as PodStatus
    await own.updateStatus({ ...(await own.get(name)), status })
  }
  /** Makes every pod ready as it appears, until the condition holds. */
  const settle = (holds: () => Promise<boolean>) =>
    eventually(async () => {
      for (const { metadata, status } of await list())
        if (status?.phase !== 'Running') await makeReady(metadata.name).catch(() => undefined)
      return holds()
    })
  const change = async (spec: Partial<StatefulSet['spec']>): Promise<void> => {
    const set = await sets.get('db')
    await sets.update({ ...set, spec: { ...set.spec, ...spec } })
  }
  return { bench, own, sets, list, names, makeReady, settle, change }
}

const image = ({ spec }: Pod): string => spec.containers[0]!.image ?? ''

t.test('pods come one after the other, each when the one before is ready', async (t) => {
  const { bench, own, sets, names, makeReady } = await start(t)
  await sets.create(statefulSet())
  for (const [i, name] of ['db-0', 'db-1', 'db-2'].entries()) {
    await eventually(async () => (await names()).length === i + 1)
    t.equal((await names()).at(-1), name)
    await makeReady(name)
  }
  await eventually(async () => (await sets.get('db')).status.readyReplicas === 3)
  t.match(await own.get('db-1'), {
    metadata: {
      labels: {
        app: 'db',
        'statefulset.kubernetes.io/pod-name': 'db-1',
        'apps.kubernetes.io/pod-index': '1',
      },
    },
    spec: { hostname: 'db-1', subdomain: 'db' },
  })
  t.match((await sets.get('db')).status, { replicas: 3, currentReplicas: 3, updatedReplicas: 3 })
  t.equal(bench.told[0]!.message, 'Create Pod db-0 in StatefulSet db successful')
})

t.test('a set in parallel makes all its pods at once', async (t) => {
  const { sets, names } = await start(t)
  await sets.create(statefulSet({ podManagementPolicy: 'Parallel' }))
  await eventually(async () => (await names()).length === 3)
  t.same(await names(), ['db-0', 'db-1', 'db-2'], 'though none is ready')
})

t.test('scaling down takes the highest pod first', async (t) => {
  const { bench, sets, settle, change, names } = await start(t)
  await sets.create(statefulSet())
  await settle(async () => (await sets.get('db')).status.readyReplicas === 3)
  await change({ replicas: 1 })
  await settle(async () => (await sets.get('db')).status.replicas === 1)
  t.same(await names(), ['db-0'])
  const gone = bench.told.filter(({ reason }) => reason === 'SuccessfulDelete')
  t.same(
    gone.map(({ message }) => message),
    ['db-2', 'db-1'].map((name) => `Delete Pod ${name} in StatefulSet db successful`),
  )
})

t.test('a rollout replaces pods from the highest down to the partition', async (t) => {
  const { bench, sets, list, settle, change } = await start(t)
  await sets.create(statefulSet())
  await settle(async () => (await sets.get('db')).status.readyReplicas === 3)
  const before = (await sets.get('db')).status.currentRevision
  const template = {
    metadata: { labels: { app: 'db' } },
    spec: { containers: [{ name: 'main', image: 'db:2' }] },
  }
  const rollingUpdate = { partition: 2 }
  await change({ template, updateStrategy: { type: 'RollingUpdate', rollingUpdate } })
  const images = async () =>
    (await list()).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)).map(image)
  await settle(async () => (await images()).join() === 'db:1,db:1,db:2')
  await settle(async () => (await sets.get('db')).status.updatedReplicas === 1)
  t.equal((await sets.get('db')).status.currentRevision, before)
  await change({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } })
  await settle(async () => {
    const { status } = await sets.get('db')
    return status.currentRevision === status.updateRevision && status.readyReplicas === 3
  })
  t.same(await images(), ['db:2', 'db:2', 'db:2'])
  const gone = bench.told.filter(({ reason }) => reason === 'SuccessfulDelete')
  t.same(
    gone.map(({ message }) => /db-\d/.exec(message)?.[0]),
    ['db-2', 'db-1', 'db-0'],
  )
})

t.test('each pod has claims of its own, and keeps them', async (t) => {
  const { bench, own, sets, settle, change } = await start(t)
  const claims = bench.client.resource(persistentVolumeClaims, 'default')
  const volumeClaimTemplates = [
    { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } },
  ] as unknown as NonNullable<StatefulSet['spec']['volumeClaimTemplates']>
  const persistentVolumeClaimRetentionPolicy = { whenScaled: 'Delete', whenDeleted: 'Retain' }
  await sets.create(
    statefulSet({ replicas: 2, volumeClaimTemplates, persistentVolumeClaimRetentionPolicy }),
  )
  await settle(async () => (await sets.get('db')).status.readyReplicas === 2)
  const made = (await claims.list()).items.map(({ metadata }) => metadata.name).sort()
  t.same(made, ['data-db-0', 'data-db-1'])
  t.match((await own.get('db-1')).spec.volumes, [
    { name: 'data', persistentVolumeClaim: { claimName: 'data-db-1' } },
  ])
  const uid = (await own.get('db-1')).metadata.uid
  await change({ replicas: 1 })
  await settle(async () => (await sets.get('db')).status.replicas === 1)
  t.match((await claims.get('data-db-1')).metadata.ownerReferences, [{ kind: 'Pod', uid }])
  t.notOk((await claims.get('data-db-0')).metadata.ownerReferences?.length)
})
