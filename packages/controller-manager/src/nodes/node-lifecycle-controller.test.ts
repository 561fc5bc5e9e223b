import t from 'tap'
import { formatMicroTime, leases, nodes, pods } from '@kemu/api'
import type { Node } from '@kemu/api'
import { ManualClock } from '@kemu/base/testing'
import { eventually, node, pod } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import { NodeLifecycleController } from './node-lifecycle-controller.ts'
import type { NodeLifecycleConfig } from './node-lifecycle-controller.ts'

const config: NodeLifecycleConfig = {
  graceMs: 50_000,
  startupGraceMs: 60_000,
  periodMs: 5_000,
  rate: 0.1,
  secondaryRate: 0.01,
  unhealthyThreshold: 0.55,
  largeClusterSize: 50,
}

async function start(t: { teardown(end: () => Promise<void>): void }, names: readonly string[]) {
  const clock = new ManualClock()
  const bench = new Bench(clock)
  t.teardown(() => bench.close())
  const resource = bench.client.resource(nodes)
  for (const name of names) await resource.create(node(name, { ready: 'True' }))
  await bench.run(new NodeLifecycleController(config, bench.deps))
  // Every node's first look sets its timer.
  await new Promise((resolve) => setImmediate(resolve))
  const renew = async (name: string): Promise<void> => {
    const own = bench.client.resource(leases, 'kube-node-lease')
    const renewTime = formatMicroTime(clock.now())
    const metadata = { name, namespace: 'kube-node-lease' }
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata,
      spec: { renewTime },
    }
    await own.patch(name, 'merge', lease).catch(() => own.create(lease))
    const seen = bench.informers.of(leases, { namespace: 'kube-node-lease' }).lister
    await eventually(() => seen.get(`kube-node-lease/${name}`)?.spec.renewTime === renewTime)
  }
  const taintsOf = async (name: string): Promise<string[]> =>
    ((await resource.get(name)).spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`)
  return { bench, clock, resource, renew, taintsOf }
}

const unreachable = 'node.kubernetes.io/unreachable'

t.test(
  'a node that falls silent is marked, tainted and told of; its pods are not ready',
  async (t) => {
    const { bench, clock, resource, renew, taintsOf } = await start(t, ['n1', 'n2'])
    const victim = pod('victim', { ready: true, spec: { nodeName: 'n1' } })
    await bench.client.resource(pods, 'default').create(victim)
    await eventually(() => bench.informers.of(pods).lister.size === 1)
    clock.advance(40_000)
    await renew('n2')
    clock.advance(9_000)
    t.same(await taintsOf('n1'), [], 'still within its grace')
    clock.advance(2_000)
    await eventually(async () => (await taintsOf('n1')).length === 2)
    t.same(await taintsOf('n1'), [`${unreachable}:NoSchedule`, `${unreachable}:NoExecute`])
    const [ready] = (await resource.get('n1')).status.conditions!
    t.match(ready, {
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    })
    t.same(await taintsOf('n2'), [])
    await eventually(() => bench.told.some(({ object }) => object === 'victim'))
    t.match(
      bench.told.filter(({ reason }) => reason === 'NodeNotReady'),
      [
        { object: 'n1', message: 'Node n1 status is now: NodeNotReady' },
        { object: 'victim', type: 'Warning', message: 'Node is not ready' },
      ],
    )
    const podNow = await bench.client.resource(pods, 'default').get('victim')
    t.match(podNow.status.conditions, [{ type: 'Ready', status: 'False' }])
  },
)

t.test('a node that comes back loses its taints', async (t) => {
  const { clock, resource, renew, taintsOf } = await start(t, ['n1', 'n2'])
  clock.advance(45_000)
  await renew('n2')
  clock.advance(6_000)
  await eventually(async () => (await taintsOf('n1')).length === 2)
  await setReady(resource, 'n1', 'True')
  await eventually(async () => (await taintsOf('n1')).length === 0)
  t.pass('no taints')
})

t.test('a kubelet that says it is unwell gets not-ready instead of unreachable', async (t) => {
  const { resource, taintsOf } = await start(t, ['n1', 'n2'])
  await setReady(resource, 'n1', 'False')
  await eventually(async () => (await taintsOf('n1')).length === 2)
  const notReady = 'node.kubernetes.io/not-ready'
  t.same(await taintsOf('n1'), [`${notReady}:NoSchedule`, `${notReady}:NoExecute`])
})

t.test('of two nodes that fall silent, the second is evicted at the eviction rate', async (t) => {
  const { clock, renew, taintsOf } = await start(t, ['n1', 'n2', 'n3'])
  clock.advance(45_000)
  await renew('n3')
  clock.advance(6_000)
  const evicting = async (): Promise<number> => {
    const all = [...(await taintsOf('n1')), ...(await taintsOf('n2'))]
    return all.filter((taint) => taint.endsWith(':NoExecute')).length
  }
  const keptAway = async (): Promise<boolean> =>
    (await taintsOf('n1')).length > 0 && (await taintsOf('n2')).length > 0
  await eventually(async () => (await keptAway()) && (await evicting()) === 1)
  await renew('n3')
  clock.advance(9_000)
  t.equal(await evicting(), 1, 'one in ten seconds')
  clock.advance(2_000)
  await eventually(async () => (await evicting()) === 2)
  t.pass('then the other')
})

t.test('when every node falls silent nobody is evicted', async (t) => {
  const { bench, clock, resource, taintsOf } = await start(t, ['n1', 'n2'])
  clock.advance(51_000)
  const silent = async (name: string): Promise<boolean> =>
    (await resource.get(name)).status.conditions![0]!.status === 'Unknown'
  await eventually(async () => (await silent('n1')) && (await silent('n2')))
  const calm = async (name: string): Promise<boolean> => {
    const taints = await taintsOf(name)
    return taints.length === 1 && taints[0] === `${unreachable}:NoSchedule`
  }
  await eventually(async () => (await calm('n1')) && (await calm('n2')))
  t.notOk(bench.told.some(({ reason }) => reason === 'TaintManagerEviction'))
})

async function setReady(
  resource: { get(name: string): Promise<Node>; updateStatus(node: Node): Promise<Node> },
  name: string,
  status: 'True' | 'False',
): Promise<void> {
  const current = await resource.get(name)
  const lastHeartbeatTime = '2026-01-01T00:09:00Z'
  const conditions = [{ type: 'Ready', status, lastHeartbeatTime }]
  await resource.updateStatus({ ...current, status: { ...current.status, conditions } })
}
