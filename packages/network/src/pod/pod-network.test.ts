import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { formatIpv4, IpPool, parseIpv4Block } from './ip-pool.ts'
import { findHeldSocket, parseListeningSockets } from './listening-sockets.ts'
import { LoopbackPodNetwork } from './loopback.ts'
import { planBatches, vethName } from './netns.ts'
import { shiftPort } from './port-shift.ts'

void t.test('blocks are parsed as Kubernetes does', (t) => {
  t.same(parseIpv4Block('10.244.1.7/24'), { base: 0x0af40100, prefixLength: 24, size: 256 })
  t.equal(formatIpv4(0x0af40100), '10.244.1.0')
  for (const wrong of ['10.244.1.0', '10.244.1.0/33', '300.1.1.1/8', 'fd00::/8', ''])
    t.equal(parseIpv4Block(wrong), undefined, wrong)
  t.end()
})

void t.test('no address is given to two holders, and one that came back rests longest', (t) => {
  const step = fc.oneof(
    fc.record({ take: fc.nat(20) }),
    fc.record({ release: fc.nat(20) }),
    fc.record({ restart: fc.constant(true) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let pool = new IpPool({ podCidr: '127.9.1.0/28', lastOffset: 1, leases: {} })
      const held = new Map<string, string>()
      for (const each of steps) {
        if ('take' in each) {
          const holder = `p${each.take}`
          const address = pool.take(holder)
          if (held.has(holder)) t.equal(address, held.get(holder))
          else if (address === undefined) t.equal(held.size, 13) // 16 less network, gateway, broadcast
          else {
            t.notOk([...held.values()].includes(address))
            held.set(holder, address)
          }
        } else if ('release' in each) {
          const holder = `p${each.release}`
          t.equal(pool.release(holder), held.delete(holder))
        } else pool = new IpPool(pool.state())
      }
    }),
    { numRuns: 100 },
  )
  t.end()
})

void t.test('leases outlive a restart, and what a crash left is given back', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-pods-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const open = () => new LoopbackPodNetwork(join(dir, 'leases.json'), { lowestBindablePort: 1024 })
  const before = open()
  t.match(before.notReady(), { reason: 'NetworkPluginNotReady' })
  await t.rejects(before.setPodCidr('10.244.0.0/24'), /not within 127/)
  await before.setPodCidr('127.9.1.0/24')
  const first = before.attach('one')
  before.attach('two')
  const after = open()
  t.equal(after.notReady(), undefined)
  t.same(after.attach('one'), first)
  after.retain(new Set(['one']))
  t.same(open().attach('three'), { kind: 'address', address: '127.9.1.4' })
  t.equal(after.reachablePort(80), 20_080)
  t.equal(after.reachablePort(8080), 8080)
})

void t.test('a port that the user may not bind is shifted', (t) => {
  t.equal(shiftPort(53, { lowestBindablePort: 1024 }), 20_053)
  t.equal(shiftPort(53, { lowestBindablePort: 0 }), 53)
  t.equal(shiftPort(0, { lowestBindablePort: 1024 }), 0)
  t.end()
})

void t.test('a pod’s link is a /32 with a gateway that is always known', (t) => {
  const { podBatch, hostBatch } = planBatches(vethName('a'.repeat(64)), '10.244.1.2')
  t.match(podBatch, /address add 10\.244\.1\.2\/32 dev eth0/)
  t.match(podBatch, /route add default via 169\.254\.1\.1/)
  t.match(hostBatch, /route replace 10\.244\.1\.2\/32 dev veth[0-9a-f]{8}/)
  t.equal(vethName('x').length, 12)
  t.end()
})

void t.test('listening sockets are read as the kernel prints them', (t) => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1',
    '   1: 0100007F:0016 00000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 1 1',
  ].join('\n')
  t.same(parseListeningSockets(table), [{ address: '0.0.0.0', port: 8080, inode: '4242' }])
  t.equal(findHeldSocket([{ address: '::', port: 1, inode: 'none' }], [process.pid]), undefined)
  t.end()
})
