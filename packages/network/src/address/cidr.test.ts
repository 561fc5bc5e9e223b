import { BlockList } from 'node:net'
import * as fc from 'fast-check'
import t from 'tap'
import {
  addressAt,
  cidrContains,
  cidrSize,
  formatCidr,
  isClusterLoopback,
  parseCidr,
  subnetAt,
} from './cidr.ts'
import { formatIp, parseIp } from './ip-address.ts'

t.test('cuts host bits off', (t) => {
  t.equal(formatCidr(parseCidr('127.30.64.77/18')!), '127.30.64.0/18')
  t.equal(formatCidr(parseCidr('fd00::1:2/108')!), 'fd00::/108')
  t.end()
})

t.test('refuses what is no block', (t) => {
  for (const text of ['10.0.0.0', '10.0.0.0/33', '10.0.0/8', '::/129', '/8', '10.0.0.0/-1'])
    t.equal(parseCidr(text), undefined, text)
  t.end()
})

t.test('counts through a block and stops at its end', (t) => {
  const block = parseCidr('10.96.0.0/30')!
  t.equal(cidrSize(block), 4n)
  t.equal(formatIp(addressAt(block, 3)!), '10.96.0.3')
  t.equal(addressAt(block, 4), undefined)
  t.equal(addressAt(block, -1), undefined)
  t.end()
})

t.test('cuts a block into subnets', (t) => {
  const block = parseCidr('127.30.0.0/16')!
  t.equal(formatCidr(subnetAt(block, 24, 129)!), '127.30.129.0/24')
  t.equal(subnetAt(block, 24, 256), undefined)
  t.equal(subnetAt(block, 8, 0), undefined)
  t.end()
})

t.test('agrees with the kernel-style block list of Node on what is inside', (t) => {
  const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))
  fc.assert(
    fc.property(octets, octets, fc.nat(32), (base, other, prefixLength) => {
      const list = new BlockList()
      list.addSubnet(base.join('.'), prefixLength)
      const cidr = parseCidr(`${base.join('.')}/${prefixLength}`)!
      const near = [base[0], base[1], other[2], other[3]].join('.')
      for (const text of [other.join('.'), near])
        t.equal(
          cidrContains(cidr, parseIp(text)!),
          list.check(text),
          `${text} in ${formatCidr(cidr)}`,
        )
    }),
  )
  t.end()
})

t.test("a cluster's loopback addresses are not the machine's", (t) => {
  t.ok(isClusterLoopback('127.30.129.4'))
  for (const text of ['127.0.0.1', '127.0.255.1', '10.0.0.1', '::1', 'localhost'])
    t.notOk(isClusterLoopback(text), text)
  t.end()
})
