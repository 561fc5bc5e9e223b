import t from 'tap'
import type { Test } from 'tap'
import { events, namespaces, networkPolicies, nodes, pods } from '@kemu/api'
import type { NetworkPolicy, Pod } from '@kemu/api'
import { Closers, seededRandom, silentLogger, systemClock } from '@kemu/base'
import { Client } from '@kemu/client'
import { MemoryTransport } from '@kemu/client/memory'
import { NetworkNamespace } from '@kemu/network/testing'
import { startNetworkPolicy } from './start.ts'

const probe = await NetworkNamespace.open()
if (typeof probe !== 'string') probe.close()
const skip = typeof probe === 'string' ? probe : false

const allow: NetworkPolicy['spec'] = {
  podSelector: { matchLabels: { app: 'web' } },
  policyTypes: ['Ingress', 'Egress'],
  ingress: [
    {
      from: [
        { podSelector: { matchLabels: { app: 'client' } } },
        { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.3.0.0/16'] } },
      ],
      ports: [
        { protocol: 'TCP', port: 80 },
        { protocol: 'UDP', port: 53, endPort: 60 },
        { port: 'http' },
      ],
    },
  ],
  egress: [{ to: [{ namespaceSelector: {} }] }, { ports: [{ protocol: 'SCTP' }] }],
}

function podDraft(name: string, podIP: string, app: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app } },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'c', image: 'i', ports: [{ name: 'http', containerPort: 8080 }] }],
    },
    status: { phase: 'Running', podIP },
  } as unknown as Pod
}

/** A cluster in memory and a kernel of its own. */
async function setUp(t: Test) {
  const namespace = (await NetworkNamespace.open()) as NetworkNamespace
  t.teardown(() => namespace.close())
  const client = new Client(new MemoryTransport())
  await client.resource(nodes).create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1' },
    spec: { podCIDR: '10.244.1.0/24' },
    status: {},
  })
  await client.resource(namespaces).create({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'default' },
    spec: {},
  })
  const transactions: string[] = []
  let wake = (): void => {}
  const start = (): Closers => {
    const closers = new Closers()
    t.teardown(() => closers.close())
    const deps = {
      client,
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      closers,
    }
    startNetworkPolicy(
      { nodeName: 'n1' },
      {
        ...deps,
        runNft: async (args, input = '') => {
          const output = await namespace.nft(args, input)
          transactions.push(input)
          wake()
          return output
        },
      },
    )
    return closers
  }
  const until = async (isDone: () => boolean): Promise<void> => {
    while (!isDone()) await new Promise<void>((resolve) => (wake = resolve))
  }
  return {
    start,
    until,
    transactions,
    list: () => namespace.nft(['list', 'ruleset']),
    policies: client.resource(networkPolicies, 'default'),
    pods: client.resource(pods, 'default'),
  }
}

const policyDraft = (name: string, spec: NetworkPolicy['spec']): NetworkPolicy =>
  ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'default' },
    spec,
  }) as unknown as NetworkPolicy

t.test(
  'a policy becomes a table, changes become changes, the last one takes it away',
  { skip },
  async (t) => {
    const { start, until, transactions, list, policies, pods: podClient } = await setUp(t)
    start()
    await until(() => transactions.length === 1)
    t.equal(await list(), '', 'no policy, no table')
    await podClient.create(podDraft('web', '10.244.1.2', 'web'))
    await policies.create(policyDraft('allow', allow))
    await until(() => transactions.length === 2)
    const rules = await list()
    t.match(rules, /10\.244\.1\.2 : goto pod-\w{8}-default\/web\/ingress/)
    t.match(rules, /tcp dport 80 accept/)
    t.match(
      rules,
      /ip saddr 10\.0\.0\.0\/8 ip saddr != \{ 10\.1\.0\.0\/16, 10\.3\.0\.0\/16 \} udp dport 53-60 accept/,
    )
    t.match(rules, /elements = \{ 10\.244\.1\.2 \. tcp \. 8080 \}/)

    await podClient.create(podDraft('client', '10.244.1.3', 'client'))
    await until(() => transactions.length === 3)
    t.notMatch(transactions[2], /chain|rule/, 'a peer that comes is an element of sets')
    t.match(
      transactions[2],
      /add element ip network-policy peers-\S+ingress\/0 \{ 10\.244\.1\.3 \}/,
    )
    await podClient.delete('web')
    await until(() => transactions.length === 4)
    t.notMatch(await list(), /default\/web/)
    await policies.delete('allow')
    await until(() => transactions.length === 5)
    t.equal(await list(), '')
  },
)

t.test(
  'rules stay when the process ends, and the next one takes over in one step',
  { skip },
  async (t) => {
    const { start, until, transactions, list, policies, pods: podClient } = await setUp(t)
    await podClient.create(podDraft('web', '10.244.1.2', 'web'))
    await policies.create(policyDraft('allow', allow))
    const first = start()
    await until(() => transactions.length === 1)
    const before = await list()
    await first.close()
    t.equal(await list(), before)
    start()
    await until(() => transactions.length === 2)
    t.equal(await list(), before)
  },
)

t.test('a node that cannot enforce says so on each policy', async (t) => {
  const client = new Client(new MemoryTransport())
  const closers = new Closers()
  t.teardown(() => closers.close())
  await client.resource(networkPolicies, 'default').create(policyDraft('allow', allow))
  startNetworkPolicy(
    { nodeName: 'n1', impossible: 'nft is missing' },
    { client, clock: systemClock, random: seededRandom(1), logger: silentLogger, closers },
  )
  const recorded = client.resource(events, 'default')
  const watch = recorded.watch({ resourceVersion: '0' }, new AbortController().signal)
  for await (const [event] of watch) {
    t.match(event, {
      object: {
        type: 'Warning',
        reason: 'NotEnforced',
        message: 'Node n1 does not enforce this policy: nft is missing',
        involvedObject: { kind: 'NetworkPolicy', name: 'allow' },
      },
    })
    break
  }
})
