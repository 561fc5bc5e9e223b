import t from 'tap'
import { endpoints, endpointSlices, pods, services } from '@kemu/api'
import type { Pod } from '@kemu/api'
import { eventually, meta, pod, service } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import { EndpointSliceController } from './endpoint-slice-controller.ts'
import { EndpointSliceMirroringController } from './endpoint-slice-mirroring-controller.ts'
import { EndpointsController } from './endpoints-controller.ts'

async function start(t: { teardown(end: () => Promise<void>): void }) {
  const bench = new Bench()
  t.teardown(() => bench.close())
  for (const Kind of [
    EndpointsController,
    EndpointSliceController,
    EndpointSliceMirroringController,
  ])
    await bench.run(new Kind(bench.deps))
  const slices = bench.client.resource(endpointSlices, 'default')
  const shown = async (): Promise<string> => {
    const all = (await slices.list()).items.flatMap((slice) => slice.endpoints ?? [])
    return all
      .map((e) => `${e.addresses[0]}${e.conditions?.ready ? '' : '?'}`)
      .sort()
      .join()
  }
  const old = bench.client.resource(endpoints, 'default')
  const subsets = async (): Promise<string> => {
    const all = (await old.list()).items.flatMap((object) => object.subsets ?? [])
    const ready = all.flatMap((s) => s.addresses ?? []).map(({ ip }) => ip)
    const notReady = all.flatMap((s) => s.notReadyAddresses ?? []).map(({ ip }) => `${ip}?`)
    return [...ready, ...notReady].sort().join()
  }
  return { bench, slices, shown, subsets }
}

const web = (name: string, ip: string, ready: boolean): Pod =>
  pod(name, {
    meta: { labels: { app: 'web' } },
    status: {
      phase: 'Running',
      podIP: ip,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  })

t.test('both forms follow pods that come, get ready and go', async (t) => {
  const { bench, shown, subsets } = await start(t)
  const own = bench.client.resource(pods, 'default')
  await bench.client.resource(services, 'default').create(service('web'))
  await own.create(web('a', '10.0.0.1', true))
  await own.create(web('b', '10.0.0.2', false))
  const both = async (wanted: string): Promise<boolean> =>
    (await shown()) === wanted && (await subsets()) === wanted
  await eventually(() => both('10.0.0.1,10.0.0.2?'))
  const b = await own.get('b')
  await own.updateStatus({ ...b, status: web('b', '10.0.0.2', true).status })
  await eventually(() => both('10.0.0.1,10.0.0.2'))
  await own.delete('a')
  await eventually(() => both('10.0.0.2'))
  t.notOk(bench.told.some(({ type }) => type === 'Warning'))
})

t.test(
  'a service keeps one slice through many changes, and its endpoints go with it',
  async (t) => {
    const { bench, slices, subsets } = await start(t)
    const own = bench.client.resource(pods, 'default')
    const all = bench.client.resource(services, 'default')
    await all.create(service('web'))
    for (let i = 0; i < 20; i++) await own.create(web(`p${i}`, `10.0.1.${i}`, true))
    await eventually(async () => {
      const [slice] = (await slices.list()).items
      return slice?.endpoints?.length === 20
    })
    t.equal((await slices.list()).items.length, 1)
    await all.delete('web')
    await eventually(async () => (await subsets()) === '')
    t.equal((await bench.client.resource(endpoints, 'default').list()).items.length, 0)
  },
)

t.test('endpoints that people write for a service without selector are mirrored', async (t) => {
  const { bench, shown, slices } = await start(t)
  const plain = service('ext')
  delete plain.spec.selector
  await bench.client.resource(services, 'default').create(plain)
  const own = bench.client.resource(endpoints, 'default')
  await own.create({
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: meta('ext', { labels: { mine: 'yes' } }),
    subsets: [{ addresses: [{ ip: '1.2.3.4' }], ports: [{ port: 80 }] }],
  })
  await eventually(async () => (await shown()) === '1.2.3.4')
  const [mirror] = (await slices.list()).items
  t.match(mirror!.metadata.labels, {
    mine: 'yes',
    'kubernetes.io/service-name': 'ext',
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  })
  await own.delete('ext')
  await eventually(async () => (await slices.list()).items.length === 0)
})
