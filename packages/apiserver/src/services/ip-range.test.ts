import t from 'tap'
import { seededRandom } from '@kemu/base'
import { IpRange } from './ip-range.ts'

t.test('gives out every address but the first and the last, each once', (t) => {
  for (const [cidr, count] of [
    ['10.0.0.0/30', 2],
    ['10.0.0.0/28', 14],
    ['10.0.0.128/25', 126],
    ['10.1.0.0/22', 1022],
  ] as const) {
    const range = IpRange.parse(cidr)!
    const all = [...range.candidates(seededRandom(7))]
    t.equal(new Set(all).size, count, cidr)
    t.ok(
      all.every((address) => range.contains(address)),
      cidr,
    )
  }
  t.end()
})

t.test('keeps the lower part for those who choose for themselves', (t) => {
  const range = IpRange.parse('10.96.0.0/12')!
  const [first = ''] = range.candidates(seededRandom(1))
  const [, , third, fourth] = first.split('.').map(Number)
  t.ok(third! * 256 + fourth! >= 256 || !first.startsWith('10.96.0.'))
  t.equal(range.first, '10.96.0.1')
  t.end()
})

t.test('knows what lies in it', (t) => {
  const range = IpRange.parse('10.96.0.5/12')!
  t.equal(range.cidr, '10.96.0.0/12')
  t.ok(range.contains('10.111.255.254'))
  for (const address of ['10.96.0.0', '10.111.255.255', '10.112.0.1', '192.168.0.1', 'x', '::1']) {
    t.notOk(range.contains(address), address)
  }
  for (const text of ['10.0.0.0', '10.0.0.0/31', '10.0.0.0/x', 'fd00::/108', '']) {
    t.equal(IpRange.parse(text), undefined, text)
  }
  t.end()
})
