import * as fc from 'fast-check'
import t from 'tap'
import { canonicalIp, formatIp, parseIp } from './ip-address.ts'

t.test('writes IPv6 as RFC 5952 asks', (t) => {
  const table: [string, string][] = [
    ['2001:0db8:0000:0000:0000:0000:0002:0001', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['FE80::A', 'fe80::a'],
    ['1::', '1::'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
  ]
  for (const [given, wanted] of table) t.equal(canonicalIp(given), wanted, given)
  t.end()
})

t.test('refuses what is no address', (t) => {
  for (const text of ['', '10.0.0', '10.0.0.256', '::1%lo', '1::2::3', 'localhost'])
    t.equal(parseIp(text), undefined, text)
  t.end()
})

t.test('every address survives being written and read', (t) => {
  const v4 = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n })
  const v6 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
  const sparse = v6.map((bits) => bits & 0xffff_0000_0000_0000_0000_ffff_0000_0000n)
  const address = fc.oneof(
    v4.map((bits) => ({ family: 4 as const, bits })),
    fc.oneof(v6, sparse).map((bits) => ({ family: 6 as const, bits })),
  )
  fc.assert(
    fc.property(address, (a) => {
      t.strictSame(parseIp(formatIp(a)), a)
    }),
  )
  t.end()
})
