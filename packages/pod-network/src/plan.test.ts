import t from 'tap'
import { InvalidNetConf, parseNetConf } from './net-conf.ts'
import type { NodePlace } from './node-place.ts'
import { planNetwork, tunnelMac } from './plan.ts'

const self: NodePlace = { name: 'a', address: '172.18.0.10', podCidr: '10.244.0.0/24' }
const peer: NodePlace = { name: 'b', address: '172.18.0.11', podCidr: '10.244.1.0/24' }
const underlay = { device: 'eth0', prefixLength: 16, mtu: 1500 }
const conf = (backend: object, network = '10.244.0.0/16') =>
  parseNetConf(JSON.stringify({ Network: network, Backend: backend }))

void t.test('host-gw: the node is the next hop of its pods, over a blackhole', (t) => {
  t.same(planNetwork(conf({ Type: 'host-gw' }), self, [peer], underlay), {
    routes: [
      { kind: 'blackhole', to: '10.244.0.0/16' },
      { kind: 'via', to: '10.244.1.0/24', gateway: '172.18.0.11', device: 'eth0', onlink: false },
    ],
    tunnel: undefined,
    mtu: 1500,
    refused: [],
  })
  t.end()
})

void t.test(
  'vxlan: everything about a peer is told and nothing learned; headers cost 50 bytes',
  (t) => {
    const { routes, tunnel, mtu } = planNetwork(conf({ Type: 'vxlan' }), self, [peer], underlay)
    t.same(routes[1], {
      kind: 'via',
      to: '10.244.1.0/24',
      gateway: '10.244.1.0',
      device: 'vxlan.1',
      onlink: true,
    })
    t.match(tunnel, { vni: 1, port: 8472, local: '172.18.0.10', address: '10.244.0.0', mtu: 1450 })
    t.equal(mtu, 1450)
    const mac = tunnelMac('b', 1)
    t.same(tunnel?.peers, [{ mac, gateway: '10.244.1.0', remote: '172.18.0.11' }])
    t.equal(Number.parseInt(mac.slice(0, 2), 16) & 3, 2, 'a local address of one station')
    t.not(mac, tunnelMac('c', 1))
    const chosen = planNetwork(conf({ Type: 'vxlan', VNI: 7, Port: 4789 }), self, [peer], underlay)
    t.match(chosen.tunnel, { device: 'vxlan.7', vni: 7, port: 4789 })
    t.end()
  },
)

void t.test(
  'a node that cannot be reached this way is refused by name, the others are served',
  (t) => {
    const far = { name: 'far', address: '192.168.7.1', podCidr: '10.244.9.0/24' }
    const alien = { name: 'alien', address: '172.18.0.12', podCidr: '10.9.0.0/24' }
    const plan = planNetwork(conf({ Type: 'host-gw' }), self, [far, peer, alien], underlay)
    t.equal(plan.routes.length, 2)
    t.match(plan.refused, [
      { node: 'far', reason: /not on the link of eth0; host-gw needs that/ },
      { node: 'alien', reason: /10\.9\.0\.0\/24 is not a part of Network/ },
    ])
    t.equal(planNetwork(conf({ Type: 'vxlan' }), self, [far], underlay).refused.length, 0)
    t.end()
  },
)

void t.test('where there is nothing to route nothing is laid', (t) => {
  const nothing = { routes: [], tunnel: undefined, mtu: undefined, refused: [] }
  t.same(planNetwork(conf({ Type: 'alloc' }), self, [peer], undefined), nothing)
  const loopback = { name: 'l', address: '127.30.0.10', podCidr: '127.30.128.0/24' }
  t.same(planNetwork(conf({ Type: 'host-gw' }), loopback, [peer], undefined), nothing)
  t.throws(
    () => planNetwork(conf({ Type: 'host-gw' }), self, [], undefined),
    /no interface of this host/,
  )
  t.end()
})

void t.test('fields of net-conf.json that are not emulated are refused by name', (t) => {
  const wrong = (text: string, message: RegExp): void => {
    t.throws(() => parseNetConf(text), message)
    t.throws(() => parseNetConf(text), InvalidNetConf)
  }
  wrong('{', /net-conf.json/)
  wrong('{"Network":"fd00::/64"}', /Network must be an IPv4 CIDR/)
  wrong('{"Network":"10.0.0.0/8","Backend":{"Type":"udp"}}', /unknown backend type: udp/)
  wrong(
    '{"Network":"10.0.0.0/8","Backend":{"Type":"vxlan","DirectRouting":true}}',
    /Backend.DirectRouting: true/,
  )
  wrong(
    '{"Network":"10.0.0.0/8","Backend":{"Type":"vxlan","VNI":0}}',
    /Backend.VNI must be a number/,
  )
  wrong(
    '{"Network":"10.0.0.0/8","EnableIPv6":true,"Backend":{"Type":"host-gw"}}',
    /EnableIPv6: true/,
  )
  t.ok(conf({ Type: 'vxlan', DirectRouting: false }))
  t.end()
})
