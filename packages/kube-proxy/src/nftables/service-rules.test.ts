import t from 'tap'
import type { EndpointSlice, Service } from '@kemu/api'
import { parseCidr } from '@kemu/network/address'
import { planService } from '../plan/plan-service.ts'
import { here, ruleContext, service, slice, there } from '../testing/objects.ts'
import { planRules } from './service-rules.ts'
import type { ServiceRules } from './service-rules.ts'

const mark = 'meta mark set meta mark | 0x4000'

function rulesOf(object: Service, slices: readonly EndpointSlice[]): ServiceRules {
  return planRules(planService(object, slices, ruleContext).ports, {
    clusterCidr: parseCidr('10.244.0.0/16'),
    nodeAddress: '172.18.0.10',
    masquerade: mark,
  })
}

/** `container: key -> verdict` of every element. */
function elements({ elements: list }: ServiceRules): string[] {
  return list.map(({ container, key, verdict }) => `${container}: ${key} -> ${verdict}`)
}

const web = 'SUSTUHLJ-default/web/tcp/http'

t.test('a ClusterIP leads by one map to one chain, which gives each endpoint its share', (t) => {
  const rules = rulesOf(service(), [slice([here, there])])
  t.same(
    [...rules.chains],
    [
      [
        `service-${web}`,
        [
          'meta l4proto tcp dnat ip addr . port to numgen random mod 2 ' +
            'map { 0 : 10.244.1.5 . 8080, 1 : 10.244.2.5 . 8080 }',
        ],
      ],
    ],
  )
  t.same(elements(rules), [
    'cluster-ips: 10.96.0.20 -> ',
    `service-ips: 10.96.0.20 . tcp . 80 -> goto service-${web}`,
    'hairpin-connections: 10.244.1.5 . 10.244.1.5 . tcp . 8080 -> ',
  ])
  t.end()
})

t.test('without endpoints a service refuses; with none that a policy allows it drops', (t) => {
  const nodePort = { ports: [{ name: 'http', port: 80, nodePort: 30_080 }] }
  t.same(elements(rulesOf(service({ type: 'NodePort', ...nodePort }), [])), [
    'cluster-ips: 10.96.0.20 -> ',
    'no-endpoint-services: 10.96.0.20 . tcp . 80 -> goto reject-chain',
    'no-endpoint-nodeports: tcp . 30080 -> goto reject-chain',
  ])
  const local = service({
    type: 'NodePort',
    externalTrafficPolicy: 'Local',
    internalTrafficPolicy: 'Local',
    ...nodePort,
  })
  t.same(elements(rulesOf(local, [slice([there])])), [
    'cluster-ips: 10.96.0.20 -> ',
    'no-endpoint-services: 10.96.0.20 . tcp . 80 -> drop',
    `service-nodeports: tcp . 30080 -> goto external-${web}`,
    'no-endpoint-nodeports: tcp . 30080 -> drop',
  ])
  t.end()
})

t.test('traffic from outside is masqueraded, but not where it stays on the node', (t) => {
  const spec = { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30_080 }] }
  const external = (object: Service): readonly string[] =>
    rulesOf(object, [slice([here, there])]).chains.get(`external-${web}`)!
  t.same(external(service(spec)), [`${mark} comment "masquerade"`, `goto service-${web}`])
  t.same(external(service({ ...spec, externalTrafficPolicy: 'Local' })), [
    `ip saddr 10.244.0.0/16 goto service-${web} comment "short-circuit pod traffic"`,
    `fib saddr type local ${mark} comment "masquerade local traffic"`,
    `fib saddr type local goto service-${web} comment "short-circuit local traffic"`,
    `goto local-${web}`,
  ])
  t.end()
})

t.test('with session affinity a client is led to its endpoint first', (t) => {
  const sticky = service({
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 90 } },
  })
  const rules = rulesOf(sticky, [slice([here, there])])
  const ends = [...rules.affinitySets.keys()].map((name) => name.replace('affinity-', ''))
  t.match(ends[0], /^[A-Z2-7]{8}-default\/web\/tcp\/http__10\.244\.1\.5\/8080$/)
  t.same([...rules.affinitySets.values()], [90, 90])
  t.same(rules.chains.get(`service-${web}`), [
    `ip saddr @affinity-${ends[0]} goto endpoint-${ends[0]}`,
    `ip saddr @affinity-${ends[1]} goto endpoint-${ends[1]}`,
    `numgen random mod 2 vmap { 0 : goto endpoint-${ends[0]}, 1 : goto endpoint-${ends[1]} }`,
  ])
  t.same(rules.chains.get(`endpoint-${ends[0]}`), [
    `update @affinity-${ends[0]} { ip saddr }`,
    'meta l4proto tcp dnat to 10.244.1.5:8080',
  ])
  t.end()
})

t.test("source ranges guard the load balancer's address before translation", (t) => {
  const balanced = service(
    { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/8', '172.18.0.0/16'] },
    { loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } },
  )
  const rules = rulesOf(balanced, [slice([here])])
  t.same(rules.chains.get(`firewall-${web}`), [
    'ip saddr != { 10.0.0.0/8, 172.18.0.0/16, 192.0.2.7 } drop',
  ])
  t.ok(
    elements(rules).includes(`firewall-ips: 192.0.2.7 . tcp . 80 -> goto firewall-${web}`),
    'before DNAT',
  )
  t.ok(elements(rules).includes(`service-ips: 192.0.2.7 . tcp . 80 -> goto external-${web}`))
  t.end()
})

t.test("the person's machine as load balancer has a door at the node's own address", (t) => {
  const balanced = service(
    { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false },
    { loadBalancer: { ingress: [{ hostname: 'localhost' }] } },
  )
  t.ok(
    elements(rulesOf(balanced, [slice([here])])).includes(
      `service-ips: 172.18.0.10 . tcp . 80 -> goto external-${web}`,
    ),
  )
  t.end()
})

t.test('SCTP and UDP are rules like TCP; IPv6 is refused by name', (t) => {
  const ports = [{ name: 'http', port: 80, protocol: 'SCTP' }]
  const rules = rulesOf(service({ ports }), [slice([here], 'SCTP')])
  t.match([...rules.chains.values()][0]![0], /^meta l4proto sctp dnat /)
  const dual = service({ clusterIPs: ['10.96.0.20', 'fd00::20'] })
  t.same(planService(dual, [], ruleContext).refused, ['TCP port 80 of fd00::20'])
  t.end()
})
