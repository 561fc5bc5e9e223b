import t from 'tap'
import type { Pod, Service } from '@kemu/api'
import { node, pod, service } from '@kemu/controller-runtime/testing'
import { planSubsets } from './plan-subsets.ts'
import { endpointGroups } from './service-endpoints.ts'
import { TriggerTimes } from './trigger-times.ts'

function web(name: string, ip: string, options: { ready?: boolean; gone?: boolean } = {}): Pod {
  return pod(name, {
    ready: options.ready ?? true,
    meta: {
      labels: { app: 'web' },
      ...(options.gone && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'c', image: 'x', ports: [{ name: 'http', containerPort: 8080 }] }],
    },
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: (options.ready ?? true) ? 'True' : 'False' }],
    },
  })
}

const named: Partial<Service['spec']> = { ports: [{ port: 80, targetPort: 'http' }] }

t.test('ready and unready pods stand apart, sorted by address', async (t) => {
  const pods = [web('b', '10.0.0.2'), web('a', '10.0.0.1'), web('c', '10.0.0.3', { ready: false })]
  t.match(planSubsets(service('web', named), pods), {
    truncated: false,
    subsets: [
      {
        addresses: [
          { ip: '10.0.0.1', nodeName: 'n1', targetRef: { name: 'a' } },
          { ip: '10.0.0.2' },
        ],
        notReadyAddresses: [{ ip: '10.0.0.3' }],
        ports: [{ port: 8080, protocol: 'TCP' }],
      },
    ],
  })
})

t.test('pods that end, or that lack the named port, are left out', async (t) => {
  const without = web('a', '10.0.0.1')
  without.spec = { containers: [{ name: 'c', image: 'x' }] }
  const pods = [without, web('b', '10.0.0.2', { gone: true })]
  t.same(planSubsets(service('web', named), pods).subsets, [])
})

t.test('a slice shows a terminating pod as serving but not ready', async (t) => {
  const pods = [web('a', '10.0.0.1', { gone: true }), web('b', '10.0.0.2')]
  const inZone = node('n1', { labels: { 'topology.kubernetes.io/zone': 'z1' } })
  const groups = endpointGroups(service('web', named), pods, 'IPv4', () => inZone)
  t.match(groups, [
    {
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [
        { conditions: { ready: false, serving: true, terminating: true }, zone: 'z1' },
        { conditions: { ready: true, serving: true, terminating: false } },
      ],
    },
  ])
})

t.test('publishNotReadyAddresses shows everybody as ready', async (t) => {
  const pods = [web('a', '10.0.0.1', { ready: false })]
  const open = service('web', { ...named, publishNotReadyAddresses: true })
  t.match(planSubsets(open, pods).subsets, [{ addresses: [{ ip: '10.0.0.1' }] }])
  t.match(
    endpointGroups(open, pods, 'IPv4', () => undefined),
    [{ endpoints: [{ conditions: { ready: true } }] }],
  )
})

t.test('a pod has its own name only when it asks for it with the subdomain', async (t) => {
  const own = web('a', '10.0.0.1')
  own.spec = { ...own.spec, hostname: 'zero', subdomain: 'web' }
  t.match(planSubsets(service('web', named), [own]).subsets, [
    { addresses: [{ hostname: 'zero' }] },
  ])
  const other = planSubsets(service('other', named), [own]).subsets[0]!
  t.notOk(other.addresses![0]!.hostname)
})

t.test('the trigger time is that of the oldest change since the last look', async (t) => {
  const times = new TriggerTimes()
  const changed = (at: string): Pod => {
    const one = web('a', '10.0.0.1')
    one.metadata.uid = 'same'
    one.status = {
      ...one.status,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at }],
    }
    return one
  }
  const web1 = service('web')
  t.equal(times.next('k', web1, []), '2026-01-01T00:00:00Z', 'the service itself is new')
  t.equal(times.next('k', web1, [changed('2026-01-01T00:00:05Z')]), '2026-01-01T00:00:05Z')
  t.equal(times.next('k', web1, [changed('2026-01-01T00:00:05Z')]), undefined)
  t.equal(times.next('k', web1, [changed('2026-01-01T00:00:07Z')]), '2026-01-01T00:00:07Z')
})
