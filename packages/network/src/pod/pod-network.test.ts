import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { AddressLeases } from './address-leases.ts'
import { formatIpv4, IpPool, parseIpv4Block } from './ip-pool.ts'
import { findHeldSocket, parseListeningSockets } from './listening-sockets.ts'
import { planBatches, vethName } from './netns.ts'

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

void t.test('leases are files as host-local writes them, and outlive a restart', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-pods-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const before = new AddressLeases(dir, '127.9.1.0/24')
  t.equal(before.take('one'), '127.9.1.2')
  t.equal(before.take('two'), '127.9.1.3')
  t.equal(before.take('one'), '127.9.1.2', 'the same one when asked again')
  t.equal(readFileSync(join(dir, '127.9.1.3'), 'utf8'), 'two\r\neth0')
  t.equal(readFileSync(join(dir, 'last_reserved_ip.0'), 'utf8'), '127.9.1.3')
  writeFileSync(join(dir, '127.9.1.4'), '') // killed between making the file and writing it
  const after = new AddressLeases(dir, '127.9.1.0/24')
  t.equal(after.addressOf('one'), '127.9.1.2')
  after.release('two')
  t.same(readdirSync(dir).sort(), ['127.9.1.2', 'last_reserved_ip.0'])
  t.equal(after.take('three'), '127.9.1.4', 'what came back rests')
  after.move('127.9.2.0/24')
  t.equal(after.take('four'), '127.9.2.2')
  t.equal(after.addressOf('one'), '127.9.1.2', 'leases of the old block stand')
  t.end()
})

void t.test('a pod’s link is a /32 with a gateway that is always known', (t) => {
  const { podBatch, hostBatch } = planBatches(vethName('a'.repeat(64)), '10.244.1.2', 1450)
  t.match(
    podBatch,
    /link add eth0 address 0a:58:0a:f4:01:02 mtu 1450 type veth peer name veth\w+ .* mtu 1450/,
  )
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
