import t from 'tap'
import type { NetworkPolicy } from '@kemu/api'
import { passes } from '../testing/evaluate.ts'
import type { Packet } from '../testing/evaluate.ts'
import { namespace, pod, policy, world } from '../testing/world.ts'
import { planTable } from './plan-table.ts'

const web = pod(
  'default/web',
  '10.244.1.2',
  { app: 'web' },
  {
    ports: [{ name: 'http', protocol: 'tcp', port: 8080 }],
  },
)
const client = pod('default/client', '10.244.1.3', { app: 'client' })
const far = pod('default/far', '10.244.2.2', { app: 'client' }, { nodeName: 'n2' })
const stranger = pod('other/client', '10.244.1.4', { app: 'client' })
const pods = [web, client, far, stranger]
const namespaces = [namespace('default', { team: 'a' }), namespace('other', { team: 'b' })]

const packet = (from: string, to: string, port = 8080, protocol: Packet['protocol'] = 'tcp') => ({
  from,
  to,
  port,
  protocol,
})

/** Who of client, far, stranger and an address outside reaches the web pod at a port. */
function reaching(policies: NetworkPolicy[], port = 8080, protocol?: Packet['protocol']): string[] {
  const table = planTable(world({ policies, pods, namespaces }))!
  const from = {
    client: client.address,
    far: far.address,
    stranger: stranger.address,
    outside: '192.0.2.9',
  }
  return Object.entries(from)
    .filter(([, address]) => passes(table, packet(address!, web.address!, port, protocol)))
    .map(([name]) => name)
}

const ingress = (rules: NetworkPolicy['spec']['ingress'], spec = {}): NetworkPolicy =>
  policy('default/p', {
    podSelector: { matchLabels: { app: 'web' } },
    policyTypes: ['Ingress'],
    ingress: rules,
    ...spec,
  })

t.test('without policies there is no table', (t) => {
  t.equal(planTable(world({ pods })), undefined)
  t.end()
})

t.test('ingress: nobody, everybody, peers by pod, by namespace, by both, by block', (t) => {
  const labels = { matchLabels: { app: 'client' } }
  const table: [string, NetworkPolicy['spec']['ingress'], string[]][] = [
    ['default deny', [], []],
    ['an empty rule allows all', [{}], ['client', 'far', 'stranger', 'outside']],
    ['pods of the own namespace', [{ from: [{ podSelector: labels }] }], ['client', 'far']],
    [
      'all pods of namespaces',
      [{ from: [{ namespaceSelector: { matchLabels: { team: 'b' } } }] }],
      ['stranger'],
    ],
    [
      'pods of namespaces: both must hold',
      [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: 'none' } } }] }],
      [],
    ],
    [
      'two peers: either may',
      [
        {
          from: [
            { podSelector: labels },
            {
              namespaceSelector: {
                matchExpressions: [{ key: 'team', operator: 'In', values: ['b'] }],
              },
            },
          ],
        },
      ],
      ['client', 'far', 'stranger'],
    ],
    [
      'a block with exceptions',
      [{ from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.244.1.0/24'] } }] }],
      ['far', 'outside'],
    ],
  ]
  for (const [name, rules, wanted] of table) t.same(reaching([ingress(rules)]), wanted, name)
  t.end()
})

t.test('ports: by number, range, protocol and name', (t) => {
  const only = (ports: NonNullable<NetworkPolicy['spec']['ingress']>[0]['ports']) => [
    ingress([{ ports: ports! }]),
  ]
  const all = ['client', 'far', 'stranger', 'outside']
  t.same(reaching(only([{ port: 8080 }])), all)
  t.same(reaching(only([{ port: 80 }])), [])
  t.same(reaching(only([{ port: 8080 }]), 8080, 'udp'), [])
  t.same(reaching(only([{ protocol: 'UDP' }]), 53, 'udp'), all, 'no port is every port')
  t.same(reaching(only([{ port: 8000, endPort: 8080 }])), all)
  t.same(reaching(only([{ port: 8000, endPort: 8079 }])), [])
  t.same(reaching(only([{ port: 'http' }])), all)
  t.same(reaching(only([{ port: 'http' }]), 80), [])
  t.same(reaching(only([{ port: 'metrics' }])), [], 'a name that the pod has not')
  t.end()
})

t.test('policies add up; those of another namespace do not count', (t) => {
  const one = ingress([{ from: [{ podSelector: { matchLabels: { app: 'client' } } }] }])
  const two = policy('default/q', {
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24' } }] }],
  })
  const foreign = policy('other/p', { policyTypes: ['Ingress'], ingress: [{}] })
  t.same(reaching([one, two, foreign]), ['client', 'far', 'outside'])
  t.end()
})

t.test('a packet needs both ends: egress of the sender and ingress of the receiver', (t) => {
  const out = policy('default/out', {
    podSelector: { matchLabels: { app: 'client' } },
    policyTypes: ['Egress'],
    egress: [{ to: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 'http' }] }],
  })
  const table = planTable(world({ policies: [out, ingress([])], pods, namespaces }))!
  t.notOk(passes(table, packet(client.address!, web.address!)), 'the receiver denies')
  const open = planTable(world({ policies: [out, ingress([{}])], pods, namespaces }))!
  t.ok(passes(open, packet(client.address!, web.address!)))
  t.notOk(passes(open, packet(client.address!, web.address!, 81)), 'the sender may not')
  t.notOk(passes(open, packet(client.address!, '192.0.2.9')))
  t.ok(
    passes(open, packet(web.address!, client.address!)),
    'nothing isolates the client for ingress',
  )
  t.end()
})

t.test('a pod reaches itself, and pods of other nodes are theirs to judge', (t) => {
  const deny = policy('default/deny', { policyTypes: ['Ingress', 'Egress'] })
  const table = planTable(world({ policies: [deny], pods, namespaces }))!
  t.ok(passes(table, packet(web.address!, web.address!)))
  t.notOk(passes(table, packet(far.address!, web.address!)))
  t.ok(passes(table, packet(stranger.address!, far.address!)), "the other node's matter")
  t.end()
})

t.test('a pod that is not known yet is held back, but only while there are policies', (t) => {
  const table = planTable(world({ policies: [ingress([{}])], pods, namespaces }))!
  t.notOk(passes(table, packet('10.244.1.99', '192.0.2.9')))
  t.notOk(passes(table, packet('192.0.2.9', '10.244.1.99')))
  t.ok(passes(table, packet('10.244.2.99', '192.0.2.9')), 'not of this node')
  t.end()
})
