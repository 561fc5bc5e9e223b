import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom, silentLogger, systemClock } from '@kemu/base'
import type { Node } from '@kemu/api'
import t from 'tap'
import { fillCniTemplate, InvalidCniTemplate, placeFile } from './cni-file.ts'
import { parseNetConf } from './net-conf.ts'
import type { NetworkPlan } from './plan.ts'
import { PodNetwork } from './pod-network.ts'

const template =
  '{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"pod-network","ipam":{"type":"host-local"}}]}'

function node(name: string, address: string, podCIDR?: string): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: name, resourceVersion: '1' },
    spec: podCIDR === undefined ? {} : { podCIDR, podCIDRs: [podCIDR] },
    status: {
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
    },
  } as Node
}

/** A pod network over a kernel that notes what is asked of it, each round held until it is let go. */
function world(backend = 'host-gw') {
  const plans: NetworkPlan[] = []
  const files: string[] = []
  const kernel = {
    fails: 0,
    links: async () => ({
      underlayOf: () => ({ device: 'eth0', prefixLength: 16, mtu: 1400 }),
      tunnels: [],
    }),
    apply: async (_node: string, plan: NetworkPlan) => {
      if (kernel.fails-- > 0) throw new Error('RTNETLINK answers: Network is unreachable')
      plans.push(plan)
      return true
    },
  }
  const conf = parseNetConf(`{"Network":"10.244.0.0/16","Backend":{"Type":"${backend}"}}`)
  const network = new PodNetwork(
    { nodeName: 'a', conf, cniTemplate: template },
    {
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      kernel,
      placeConfiguration: (text) => files.push(text) > 0,
      onLaid: () => undefined,
    },
  )
  return { network, kernel, plans, files }
}

async function eventually(satisfied: () => boolean): Promise<void> {
  while (!satisfied()) await new Promise((done) => setTimeout(done, 2))
}

void t.test('pods are let in when the node has its place and its routes', async (t) => {
  const { network, plans, files } = world()
  network.upsert(node('b', '172.18.0.11', '10.244.1.0/24'))
  network.replace([node('a', '172.18.0.10'), node('b', '172.18.0.11', '10.244.1.0/24')])
  await new Promise((done) => setImmediate(done))
  t.equal(plans.length, 0, 'a node without a pod CIDR has nothing to say')
  network.upsert(node('a', '172.18.0.10', '10.244.0.0/24'))
  await eventually(() => files.length === 1)
  t.equal(plans[0]!.routes.length, 2)
  t.match(JSON.parse(files[0]!), {
    plugins: [{ mtu: 1400, ipam: { ranges: [[{ subnet: '10.244.0.0/24' }]] } }],
  })
  network.upsert({
    ...node('a', '172.18.0.10', '10.244.0.0/24'),
    metadata: { name: 'a', uid: 'a', resourceVersion: '2' },
  } as Node)
  await network.close()
  t.equal(plans.length, 1, 'news of its health are no reason to look')
})

void t.test('nodes that come, move and go are followed', async (t) => {
  const { network, plans } = world()
  const self = node('a', '172.18.0.10', '10.244.0.0/24')
  network.replace([self])
  await eventually(() => plans.length === 1)
  network.upsert(node('b', '172.18.0.11', '10.244.1.0/24'))
  await eventually(() => plans.length === 2)
  network.upsert(node('b', '172.18.0.31', '10.244.1.0/24'))
  await eventually(() => plans.length === 3)
  t.match(plans[2]!.routes[1], { to: '10.244.1.0/24', gateway: '172.18.0.31' })
  network.remove(node('b', '172.18.0.31', '10.244.1.0/24'))
  await eventually(() => plans.length === 4)
  t.equal(plans[3]!.routes.length, 1)
  network.replace([self, node('c', '172.18.0.12', '10.244.2.0/24')])
  await eventually(() => plans.length === 5)
  t.match(plans[4]!.routes[1], { to: '10.244.2.0/24' })
  await network.close()
})

void t.test('a round that fails is tried again, and lets no pod in before', async (t) => {
  const { network, kernel, plans, files } = world()
  kernel.fails = 1
  network.replace([node('a', '172.18.0.10', '10.244.0.0/24')])
  await eventually(() => kernel.fails < 1)
  t.equal(files.length, 0)
  await eventually(() => plans.length === 1)
  t.equal(files.length, 1)
  await network.close()
})

void t.test(
  'on loopback addresses the kernel is not touched, whatever the configuration says',
  async (t) => {
    const { network, plans, files } = world('vxlan')
    network.replace([
      node('a', '127.30.0.10', '127.30.128.0/24'),
      node('b', '127.30.0.11', '127.30.129.0/24'),
    ])
    await eventually(() => files.length === 1)
    t.same(plans, [])
    t.match(JSON.parse(files[0]!), {
      plugins: [{ ipam: { ranges: [[{ subnet: '127.30.128.0/24' }]] } }],
    })
    await network.close()
  },
)

void t.test("a template's own words stand", (t) => {
  const ipam = { type: 'host-local', ranges: [[{ subnet: '10.1.0.0/24' }]] }
  const own = JSON.stringify({
    plugins: [{ type: 'bridge', mtu: 9000, ipam }, { type: 'portmap' }],
  })
  t.same(JSON.parse(fillCniTemplate(own, '10.244.0.0/24', 1450)), JSON.parse(own))
  t.throws(() => fillCniTemplate('{}', '10.244.0.0/24', 1450), InvalidCniTemplate)
  t.throws(() => fillCniTemplate('{', '10.244.0.0/24', 1450), InvalidCniTemplate)
  t.end()
})

void t.test('the file appears in one step, and is left alone when it is right', (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'kemu-net-d-'))
  t.teardown(() => rmSync(parent, { recursive: true }))
  const dir = join(parent, 'net.d')
  t.ok(placeFile(dir, '10-x.conflist', 'one'))
  t.notOk(placeFile(dir, '10-x.conflist', 'one'))
  t.ok(placeFile(dir, '10-x.conflist', 'two'))
  t.equal(readFileSync(join(dir, '10-x.conflist'), 'utf8'), 'two')
  t.same(readdirSync(dir), ['10-x.conflist'])
  t.end()
})
