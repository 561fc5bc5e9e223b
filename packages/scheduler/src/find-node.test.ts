import t from 'tap'
import type { Node, Pod, Taint } from '@kemu/api'
import { controllerReference } from '@kemu/api'
import { node, pod, replicaSet } from '@kemu/controller-runtime/testing'
import { feasibleEnough } from './find-node.ts'
import { Cluster } from './testing/cluster.ts'

const control: Taint = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }
const three = [
  node('master', { taints: [control] }),
  node('worker1', { labels: { disk: 'ssd' } }),
  node('worker2'),
]
const nowhere = (reasons: string): string => `0/3 nodes are available: ${reasons}.`

const rows: readonly [what: string, pod: Pod, answer: string, nodes?: Node[], running?: Pod[]][] = [
  [
    'bigger than every node',
    pod('big', { requests: { cpu: '100' } }),
    nowhere('1 node(s) had untolerated taint(s), 2 Insufficient cpu'),
  ],
  [
    'short of several things at once',
    pod('big', { requests: { cpu: '100', memory: '1Ti', 'example.com/gpu': '1' } }),
    nowhere(
      '1 node(s) had untolerated taint(s), 2 Insufficient cpu, 2 Insufficient example.com/gpu, 2 Insufficient memory',
    ),
  ],
  [
    'a selector that no node has',
    pod('p', { spec: { nodeSelector: { disk: 'tape' } } }),
    nowhere(
      "1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector",
    ),
  ],
  [
    'a selector that one node has',
    pod('p', { spec: { nodeSelector: { disk: 'ssd' } } }),
    'worker1',
  ],
  [
    'a taint that it tolerates does not keep it away',
    pod('p', {
      spec: {
        tolerations: [{ key: control.key, operator: 'Exists' }],
        nodeSelector: { 'kubernetes.io/hostname': 'master' },
      },
    }),
    'master',
  ],
  [
    'cordoned nodes',
    pod('p'),
    '0/1 nodes are available: 1 node(s) were unschedulable.',
    [node('n1', { unschedulable: true })],
  ],
  [
    'a host port that is taken',
    pod('p', { spec: { containers: [portOn(80)] } }),
    "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    [node('n1')],
    [pod('other', { spec: { nodeName: 'n1', containers: [portOn(80, '127.0.0.1')] } })],
  ],
  [
    'the same port of another protocol is free',
    pod('p', { spec: { containers: [portOn(80, undefined, 'UDP')] } }),
    'n1',
    [node('n1')],
    [pod('other', { spec: { nodeName: 'n1', containers: [portOn(80)] } })],
  ],
  [
    'a full node',
    pod('p'),
    '0/1 nodes are available: 1 Too many pods.',
    [node('n1', { allocatable: { pods: '1' } })],
    [pod('other', { spec: { nodeName: 'n1' } })],
  ],
  ['no nodes at all', pod('p'), 'no nodes available to schedule pods', []],
]
for (const [what, subject, answer, nodes = three, running] of rows)
  t.test(what, async (t) => t.equal(new Cluster(nodes, running).schedule(subject), answer))

function portOn(hostPort: number, hostIP?: string, protocol?: string) {
  const port = {
    containerPort: 80,
    hostPort,
    ...(hostIP && { hostIP }),
    ...(protocol && { protocol }),
  }
  return { name: 'c', image: 'x', ports: [port] }
}

t.test('two replicas of a set land on two nodes, and further ones take turns', async (t) => {
  for (let round = 0; round < 10; round++) {
    const cluster = new Cluster(three)
    const set = replicaSet('web', 6)
    cluster.replicaSets.set(set)
    const replica = (i: number): Pod =>
      pod(`web-${i}`, {
        meta: { labels: { app: 'web' }, ownerReferences: [controllerReference(set)] },
      })
    const nodes = Array.from({ length: 6 }, (_, i) => cluster.place(replica(i)))
    for (let i = 0; i < 6; i += 2)
      t.same(nodes.slice(i, i + 2).sort(), ['worker1', 'worker2'], `pair ${i}`)
  }
})

t.test('the emptier node is preferred', async (t) => {
  const busy = pod('busy', { spec: { nodeName: 'n1' }, requests: { cpu: '3', memory: '6Gi' } })
  const cluster = new Cluster([node('n1'), node('n2')], [busy])
  for (let i = 0; i < 5; i++)
    t.equal(cluster.schedule(pod('p', { requests: { cpu: '100m', memory: '64Mi' } })), 'n2')
})

t.test('hard spreading keeps the skew, and says so where it cannot', async (t) => {
  const zone = (name: string) => ({ 'topology.kubernetes.io/zone': name })
  const cluster = new Cluster([
    node('a1', { labels: zone('a') }),
    node('a2', { labels: zone('a') }),
    node('b1', { labels: zone('b'), allocatable: { pods: '2' } }),
    node('plain'),
  ])
  const spread = (i: number): Pod =>
    pod(`p${i}`, {
      meta: { labels: { app: 'x' } },
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'topology.kubernetes.io/zone',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { app: 'x' } },
          },
        ],
      },
    })
  const zones = Array.from({ length: 4 }, (_, i) => cluster.place(spread(i))[0])
  t.equal(zones.filter((z) => z === 'a').length, 2)
  t.equal(zones.filter((z) => z === 'b').length, 2)
  t.equal(cluster.place(spread(4))[0], 'a', 'one more in a is within the skew')
  t.equal(
    cluster.place(spread(5)),
    [
      '0/4 nodes are available: 1 Too many pods,',
      "1 node(s) didn't match pod topology spread constraints (missing required label),",
      "2 node(s) didn't match pod topology spread constraints.",
    ].join(' '),
  )
})

t.test('soft taints only make a node less liked', async (t) => {
  const soft: Taint = { key: 'k', effect: 'PreferNoSchedule' }
  const both = new Cluster([node('n1', { taints: [soft] }), node('n2')])
  for (let i = 0; i < 5; i++) t.equal(both.schedule(pod('p')), 'n2')
  t.equal(new Cluster([node('n1', { taints: [soft] })]).schedule(pod('p')), 'n1')
})

t.test('preferred node affinity weighs', async (t) => {
  const preference = { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }
  const nodeAffinity = {
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference }],
  }
  for (let i = 0; i < 5; i++)
    t.equal(
      new Cluster(three).schedule(pod('p', { spec: { affinity: { nodeAffinity } } })),
      'worker1',
    )
})

t.test('a daemon pod is looked up by the name of its node', async (t) => {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: ['worker2'] }]
  const required = { nodeSelectorTerms: [{ matchFields }] }
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } }
  t.equal(new Cluster(three).schedule(pod('p', { spec: { affinity } })), 'worker2')
  t.equal(
    new Cluster(three).schedule(pod('p', { requests: { cpu: '1000' }, spec: { affinity } })),
    nowhere("1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]"),
  )
})

t.test('in large clusters a share of the feasible nodes is enough', async (t) => {
  t.equal(feasibleEnough(99, 0), 99)
  t.equal(feasibleEnough(1000, 0), 420)
  t.equal(feasibleEnough(6000, 0), 300)
  t.equal(feasibleEnough(1000, 1), 100)
})
