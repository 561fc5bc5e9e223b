import t from 'tap'
import {
  namespaces,
  nodes,
  persistentVolumeClaims,
  pods,
  statusError,
  storageClasses,
} from '@kemu/api'
import type { Node, Pod } from '@kemu/api'
import { MetricsRegistry, seededRandom, silentLogger, systemClock } from '@kemu/base'
import { Client, Informers, Store } from '@kemu/client'
import { MemoryTransport } from '@kemu/client/memory'
import { eventually, node, pod } from '@kemu/controller-runtime/testing'
import { SchedulerMetrics } from './metrics.ts'
import { defaultProfile } from './plugins/registry.ts'
import { Scheduler } from './scheduler.ts'

/** A scheduler on an API server in memory, whose bindings take effect as the real one's do. */
async function start(t: { teardown(end: () => Promise<void>): void }, seed = 1) {
  const transport = new MemoryTransport()
  const client = new Client(transport)
  const random = seededRandom(seed)
  const told: { pod: string; reason: string; message: string }[] = []
  const bound: string[] = []
  transport.onWrite = (verb, path, body) => {
    if (path.subresource !== 'binding' || verb !== 'create') return
    if (random.next() < 0.1) throw statusError('ServiceUnavailable', 'try again')
    const { target } = body as { target: { name: string } }
    bound.push(path.name)
    queueMicrotask(() => {
      const own = client.resource(pods, path.namespace)
      void own
        .get(path.name)
        .then((p) => own.update({ ...p, spec: { ...p.spec, nodeName: target.name } }))
        .catch(() => undefined)
    })
  }
  const deps = { clock: systemClock, random, logger: silentLogger }
  const informers = new Informers(client, deps)
  const listers = {
    namespaces: new Store<never>(),
    services: new Store<never>(),
    replicaSets: new Store<never>(),
    statefulSets: new Store<never>(),
    replicationControllers: new Store<never>(),
    budgets: new Store<never>(),
    claims: informers.of(persistentVolumeClaims).lister,
    storageClasses: informers.of(storageClasses).lister,
  }
  const scheduler = new Scheduler(
    {
      initialBackoffMs: 1,
      maxBackoffMs: 10,
      unschedulableMsMax: 1_000,
      percentageOfNodesToScore: 0,
    },
    {
      ...deps,
      client,
      recorder: {
        record: ({ regarding, reason, note }) => {
          told.push({ pod: regarding.metadata.name, reason, message: note })
        },
      },
      metrics: new SchedulerMetrics(new MetricsRegistry()),
      pods: informers.of(pods),
      nodes: informers.of(nodes),
      namespaces: informers.of(namespaces),
      claims: informers.of(persistentVolumeClaims),
      storageClasses: informers.of(storageClasses),
      profiles: [defaultProfile({ client, random, listers })],
    },
  )
  await informers.start()
  scheduler.start()
  t.teardown(async () => {
    await scheduler.close()
    await informers.close()
    client.close()
  })
  return { client, told, bound, random, scheduler }
}

t.test('a pod that fits nowhere is bound when a node comes that it fits on', async (t) => {
  const { client, told } = await start(t)
  await client.resource(nodes).create(node('small', { allocatable: { cpu: '1' } }))
  const own = client.resource(pods, 'default')
  await own.create(pod('big', { requests: { cpu: '2' } }))
  await eventually(() => told.some(({ reason }) => reason === 'FailedScheduling'))
  await eventually(async () => (await own.get('big')).status.conditions?.[0]?.status === 'False')
  t.match((await own.get('big')).status.conditions, [
    { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: /Insufficient cpu/ },
  ])
  await client.resource(nodes).create(node('large'))
  await eventually(async () => (await own.get('big')).spec.nodeName === 'large')
  t.equal(told.at(-1)?.message, 'Successfully assigned default/big to large')
})

t.test('a pod waits for its claim, and for the claim to be bound', async (t) => {
  const { client, told } = await start(t)
  await client.resource(nodes).create(node('n1'))
  const own = client.resource(pods, 'default')
  const claims = client.resource(persistentVolumeClaims, 'default')
  const said = (message: string) => eventually(() => told.at(-1)?.message === message)
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }]
  await own.create(pod('p', { spec: { volumes } }))
  await said('0/1 nodes are available: persistentvolumeclaim "data" not found. not found')
  const claim = await claims.create({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'default' },
    spec: {},
    status: { phase: 'Pending' },
  })
  await said('0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found')
  const annotations = { 'pv.kubernetes.io/bind-completed': 'yes' }
  const metadata = { ...claim.metadata, annotations }
  await claims.update({ ...claim, metadata, spec: { volumeName: 'disk' } })
  await eventually(async () => (await own.get('p')).spec.nodeName === 'n1')
  t.equal(told.at(-1)?.message, 'Successfully assigned default/p to n1')
})

t.test('pods of other schedulers are left alone', async (t) => {
  const { client, bound } = await start(t)
  await client.resource(nodes).create(node('n1'))
  const own = client.resource(pods, 'default')
  await own.create(pod('theirs', { spec: { schedulerName: 'custom' } }))
  await own.create(pod('ours'))
  await eventually(() => bound.includes('ours'))
  t.notOk(bound.includes('theirs'))
})

t.test(
  'no node is ever promised more than it has, over nodes and pods that come and go',
  async (t) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { client, random } = await start(t, seed)
      const nodeClient = client.resource(nodes)
      const podClient = client.resource(pods, 'default')
      for (let i = 0; i < 4; i++)
        await nodeClient.create(node(`n${i}`, { allocatable: { cpu: '4' } }))
      let made = 0
      for (let step = 0; step < 120; step++) {
        if (random.next() < 0.7) {
          const cpu = `${1 + random.int(4) * 500}m`
          await podClient.create(pod(`p${made++}`, { requests: { cpu } }))
        } else {
          const all = (await podClient.list()).items
          if (all.length > 0) await podClient.delete(all[random.int(all.length)]!.metadata.name)
        }
        if (step === 60) await nodeClient.create(node('late', { allocatable: { cpu: '8' } }))
        checkCapacity((await podClient.list()).items, (await nodeClient.list()).items)
      }
      await eventually(async () => {
        const all = (await podClient.list()).items
        const everywhere = (await nodeClient.list()).items
        checkCapacity(all, everywhere)
        return all.every((p) => Boolean(p.spec.nodeName) || !fitsSomewhere(p, all, everywhere))
      })
      t.pass(`seed ${seed}: everything that fits is bound`)
    }
  },
)

function cpuOf(p: Pod): number {
  return Number.parseInt(p.spec.containers[0]!.resources?.requests?.['cpu'] ?? '0', 10)
}

function freeOn(name: string, capacity: number, all: readonly Pod[]): number {
  const used = all.filter((p) => p.spec.nodeName === name).reduce((sum, p) => sum + cpuOf(p), 0)
  return capacity - used
}

function capacityOf({ status }: Node): number {
  return Number(status.allocatable?.['cpu']) * 1000
}

function checkCapacity(all: readonly Pod[], everywhere: readonly Node[]): void {
  for (const n of everywhere)
    if (freeOn(n.metadata.name, capacityOf(n), all) < 0)
      throw new Error(`node ${n.metadata.name} holds more than it has`)
}

function fitsSomewhere(p: Pod, all: readonly Pod[], everywhere: readonly Node[]): boolean {
  return everywhere.some((n) => freeOn(n.metadata.name, capacityOf(n), all) >= cpuOf(p))
}
