import t from 'tap'
import type { EndpointSlice, Service } from '@kemu/api'
import type { Frontend } from './frontend.ts'
import { planService } from './plan-service.ts'
import type { PlanContext } from './plan-service.ts'

const netns: PlanContext = {
  topology: { nodeName: 'n1', zone: 'z1' },
  network: 'netns',
  carrier: 'sockets',
  portFloor: 0,
  nodePortAddresses: ['172.18.0.10'],
  hasLocalhostNodePorts: true,
  hasGateway: true,
}
const loopback: PlanContext = {
  ...netns,
  network: 'loopback',
  portFloor: 1024,
  nodePortAddresses: ['127.30.0.10'],
}

function service(spec: Partial<Service['spec']>, status: Service['status'] = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { clusterIP: '10.96.0.20', ports: [{ name: 'http', port: 80 }], ...spec },
    status,
  } as Service
}

type Endpoints = NonNullable<EndpointSlice['endpoints']>

function slice(endpoints: Endpoints, port = 8080, addressType = 'IPv4'): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web-1', namespace: 'default' },
    addressType,
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints,
  } as EndpointSlice
}

const here = { addresses: ['10.244.1.5'], nodeName: 'n1' }
const there = { addresses: ['10.244.2.5'], nodeName: 'n2' }
const terminating = { ready: false, serving: true, terminating: true }

/** `address:port -> endpoints` of each frontend; those for insiders in brackets where they differ. */
function picture(frontends: readonly Frontend[]): string[] {
  const list = (backends: Frontend['backends']): string =>
    backends.map(({ address, port }) => `${address}:${port}`).join(' ')
  return frontends.map((f) => {
    const inside = f.backends === f.insideBackends ? '' : ` [${list(f.insideBackends)}]`
    return `${f.scope} ${f.address}:${f.port} -> ${list(f.backends)}${inside}`
  })
}

t.test('a cluster address leads to the ready endpoints of its port', (t) => {
  const notReady = { addresses: ['10.244.1.6'], conditions: { ready: false } }
  const plan = planService(service({}), [slice([here, there, notReady])], netns)
  t.same(picture(plan.frontends), ['node 10.96.0.20:80 -> 10.244.1.5:8080 10.244.2.5:8080'])
  t.same(plan.localAddresses, ['10.96.0.20'])
  t.end()
})

t.test('an endpoint in two slices counts once, and rather as it is than as it ends', (t) => {
  const ending = { ...here, conditions: terminating }
  for (const slices of [
    [slice([ending]), slice([here])],
    [slice([here]), slice([ending])],
  ])
    t.same(picture(planService(service({}), slices, netns).frontends), [
      'node 10.96.0.20:80 -> 10.244.1.5:8080',
    ])
  t.end()
})

t.test('terminating endpoints serve only while no other is ready (KEP-1669)', (t) => {
  const ending = { ...there, conditions: terminating }
  const backends = (endpoints: Endpoints): string[] =>
    picture(planService(service({}), [slice(endpoints)], netns).frontends)
  t.same(backends([here, ending]), ['node 10.96.0.20:80 -> 10.244.1.5:8080'])
  t.same(backends([ending]), ['node 10.96.0.20:80 -> 10.244.2.5:8080'])
  const dead = { ...there, conditions: { ready: false, serving: false, terminating: true } }
  t.same(backends([dead]), [], 'nobody behind it: no socket, so that connections are refused')
  t.end()
})

t.test('internalTrafficPolicy Local keeps to the node', (t) => {
  const local = service({ internalTrafficPolicy: 'Local' })
  const plan = planService(local, [slice([here, there])], netns)
  t.same(picture(plan.frontends), ['node 10.96.0.20:80 -> 10.244.1.5:8080'])
  const without = planService(local, [slice([there])], netns)
  t.same(picture(without.frontends), [])
  t.same(without.withoutLocalEndpoints, { internal: 1, external: 0 })
  t.end()
})

t.test('externalTrafficPolicy Local binds strangers only', (t) => {
  const local = service({
    type: 'NodePort',
    externalTrafficPolicy: 'Local',
    ports: [{ name: 'http', port: 80, nodePort: 30_080 }],
  })
  t.same(picture(planService(local, [slice([here, there])], netns).frontends), [
    'node 10.96.0.20:80 -> 10.244.1.5:8080 10.244.2.5:8080',
    'node 172.18.0.10:30080 -> 10.244.1.5:8080 [10.244.1.5:8080 10.244.2.5:8080]',
    'node 127.0.0.1:30080 -> 10.244.1.5:8080 [10.244.1.5:8080 10.244.2.5:8080]',
  ])
  const elsewhere = planService(local, [slice([there])], netns)
  t.same(elsewhere.gatewayPorts, [], 'the gateway is a stranger: this node has nothing for it')
  t.same(elsewhere.withoutLocalEndpoints, { internal: 0, external: 1 })
  t.end()
})

t.test('hints keep traffic in the zone or on the node, if everybody has one', (t) => {
  const inZone = (zone: string) => ({ hints: { forZones: [{ name: zone }] } })
  const hinted = [
    { ...here, ...inZone('z1') },
    { ...there, ...inZone('z2') },
  ]
  const first = (endpoints: Endpoints): string[] =>
    planService(service({}), [slice(endpoints)], netns).frontends[0]!.backends.map((b) => b.address)
  t.same(first(hinted), ['10.244.1.5'])
  t.same(first([...hinted, { addresses: ['10.244.3.5'] }]).length, 3, 'one without a hint')
  t.same(first([{ ...there, ...inZone('z2') }]), ['10.244.2.5'], 'none for this zone')
  const onNode = { hints: { forNodes: [{ name: 'n1' }], forZones: [{ name: 'z2' }] } }
  t.same(
    first([
      { ...here, ...onNode },
      { ...there, ...onNode },
    ]).length,
    2,
  )
  t.end()
})

t.test(
  'a load balancer on localhost: a socket on loopback, a wish to the gateway on netns',
  (t) => {
    const status = { loadBalancer: { ingress: [{ hostname: 'localhost' }] } }
    const balanced = service(
      { type: 'LoadBalancer', ports: [{ name: 'http', port: 80, nodePort: 30_080 }] },
      status,
    )
    t.same(picture(planService(balanced, [slice([here], 80)], loopback).frontends), [
      'shared 10.96.0.20:20080 -> 10.244.1.5:20080',
      'node 127.30.0.10:30080 -> 10.244.1.5:20080',
      'shared 127.0.0.1:30080 -> 10.244.1.5:20080',
      'shared 127.0.0.1:20080 -> 10.244.1.5:20080',
    ])
    const plan = planService(balanced, [slice([here])], netns)
    t.same(plan.gatewayPorts, [
      { protocol: 'TCP', port: 30_080, target: '172.18.0.10:30080' },
      { protocol: 'TCP', port: 80, target: '172.18.0.10:30080' },
    ])
    t.end()
  },
)

t.test('without node ports the gateway gets a door of its own', (t) => {
  const status = { loadBalancer: { ingress: [{ hostname: 'localhost' }] } }
  const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }
  const plan = planService(service(spec, status), [slice([here])], netns)
  t.same(picture(plan.frontends)[1], 'node 172.18.0.10:80 -> 10.244.1.5:8080')
  t.same(plan.gatewayPorts, [{ protocol: 'TCP', port: 80, target: '172.18.0.10:80' }])
  t.end()
})

t.test('where there is no gateway each node is the load balancer', (t) => {
  const status = { loadBalancer: { ingress: [{ hostname: 'localhost' }] } }
  const ports = [{ name: 'http', port: 80, nodePort: 30_080 }]
  const spec = { type: 'LoadBalancer', ports, loadBalancerSourceRanges: ['10.0.0.0/8'] }
  const context = { ...netns, hasGateway: false, hasLocalhostNodePorts: false }
  const plan = planService(service(spec, status), [slice([here])], context)
  t.same(picture(plan.frontends).slice(1), [
    'node 172.18.0.10:30080 -> 10.244.1.5:8080',
    'node 172.18.0.10:80 -> 10.244.1.5:8080',
  ])
  t.same(
    plan.frontends.map(({ sourceRanges }) => sourceRanges.length),
    [0, 0, 1],
    'who may come is asked of who comes',
  )
  t.end()
})

t.test('source ranges hold for the load balancer, also on the machine', (t) => {
  const status = { loadBalancer: { ingress: [{ hostname: 'localhost' }, { ip: '192.0.2.7' }] } }
  const ranged = (loadBalancerSourceRanges: string[]): ReturnType<typeof planService> =>
    planService(
      service(
        {
          type: 'LoadBalancer',
          loadBalancerSourceRanges,
          ports: [{ name: 'http', port: 80, nodePort: 30_080 }],
        },
        status,
      ),
      [slice([here])],
      { ...netns, hasLocalhostNodePorts: false },
    )
  const narrow = ranged([' 10.0.0.0/8 '])
  t.same(narrow.gatewayPorts, [], '127.0.0.1 is not in the range')
  t.same(
    narrow.frontends.map((f) => [f.address, f.sourceRanges.length]),
    [
      ['10.96.0.20', 0],
      ['192.0.2.7', 1],
      ['172.18.0.10', 0],
    ],
  )
  t.equal(ranged(['0.0.0.0/0']).gatewayPorts.length, 1)
  t.equal(ranged(['127.0.0.0/8']).gatewayPorts.length, 1)
  t.end()
})

t.test('health checks count ready local endpoints, each address once', (t) => {
  const local = service({
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 32_000,
    ports: [
      { name: 'http', port: 80 },
      { name: 'http', port: 81 },
    ],
  })
  const ending = { addresses: ['10.244.1.7'], nodeName: 'n1', conditions: terminating }
  const plan = planService(local, [slice([here, there, ending])], netns)
  t.same(plan.healthCheck, { port: 32_000, localEndpoints: 1 })
  const cluster = service({ type: 'LoadBalancer', healthCheckNodePort: 32_000 })
  t.equal(planService(cluster, [], netns).healthCheck, undefined)
  t.end()
})

t.test('each family has its own addresses and endpoints', (t) => {
  const dual = service({ clusterIPs: ['10.96.0.20', 'fd00::20'] })
  const v6 = slice([{ addresses: ['fd01::5'] }], 8080, 'IPv6')
  t.same(picture(planService(dual, [slice([here]), v6], netns).frontends), [
    'node 10.96.0.20:80 -> 10.244.1.5:8080',
    'node fd00::20:80 -> fd01::5:8080',
  ])
  t.end()
})

t.test('headless services and names are not ours; SCTP is refused by name', (t) => {
  for (const spec of [{ clusterIP: 'None' }, { type: 'ExternalName', clusterIP: '' }])
    t.same(planService(service(spec), [slice([here])], netns).frontends, [])
  const sctp = service({ ports: [{ port: 132, protocol: 'SCTP' }] })
  t.same(planService(sctp, [], netns).refused, ['SCTP port 132'])
  t.end()
})
