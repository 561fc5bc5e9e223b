import t from 'tap'
import fc from 'fast-check'
import { cidrSize, CidrError, formatCidr, overlaps, parseCidr } from './cidr.ts'
import { CidrSet } from './cidr-set.ts'

t.test('reads and writes ranges of both families', async (t) => {
  for (const text of ['10.244.0.0/16', '0.0.0.0/0', '192.168.1.128/25', 'fd00:10:244::/56', '::/0'])
    t.equal(formatCidr(parseCidr(text)), text)
  t.equal(formatCidr(parseCidr('10.1.2.3/16')), '10.1.0.0/16', 'host bits are cleared')
  t.equal(formatCidr(parseCidr('2001:db8:0:0:1:0:0:1/128')), '2001:db8::1:0:0:1/128')
  for (const text of ['', '10.0.0.0', '10.0.0.0/33', 'x/8', '10.0.0.0/-1'])
    t.throws(() => parseCidr(text), CidrError)
})

t.test('no piece is given twice, and none is lost', async (t) => {
  const step = fc.oneof(
    fc.constant({ kind: 'take' as const }),
    fc.nat(40).map((index) => ({ kind: 'release' as const, index })),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const range = parseCidr('10.0.0.0/27')
      const set = new CidrSet(range, 30)
      const held: string[] = []
      for (const action of steps) {
        if (action.kind === 'take') {
          const piece = set.take()
          if ((piece === undefined) !== (held.length === 8)) return false
          if (!piece) continue
          if (!overlaps(range, piece) || cidrSize(piece) !== 4n) return false
          const text = formatCidr(piece)
          if (held.includes(text)) return false
          held.push(text)
        } else if (held.length > 0) {
          const [gone] = held.splice(action.index % held.length, 1)
          set.release(parseCidr(gone!))
        }
      }
      return true
    }),
  )
  t.pass('all histories')
})

t.test('what others hold is not given out', async (t) => {
  const set = new CidrSet(parseCidr('10.0.0.0/22'), 24)
  set.occupy(parseCidr('10.0.0.0/23'))
  set.occupy(parseCidr('192.168.0.0/16'))
  t.equal(formatCidr(set.take()!), '10.0.2.0/24')
  t.equal(formatCidr(set.take()!), '10.0.3.0/24')
  t.equal(set.take(), undefined)
})
