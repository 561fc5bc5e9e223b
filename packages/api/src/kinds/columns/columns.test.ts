import fc from 'fast-check'
import t from 'tap'
import { abbreviated } from './abbreviated.ts'
import { labelSelectorText, labelsText, selectorText } from './labels.ts'
import { humanDuration, since } from './since.ts'

const minute = 60
const hour = 60 * minute
const day = 24 * hour

t.test('says durations as kubectl does at each border', async (t) => {
  const table: readonly (readonly [seconds: number, text: string])[] = [
    [-1.9, '0s'],
    [-2, '<invalid>'],
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [121, '2m1s'],
    [10 * minute - 1, '9m59s'],
    [10 * minute + 30, '10m'],
    [3 * hour - 1, '179m'],
    [3 * hour, '3h'],
    [3 * hour + minute, '3h1m'],
    [8 * hour - 1, '7h59m'],
    [8 * hour + minute, '8h'],
    [2 * day - 1, '47h'],
    [2 * day, '2d'],
    [2 * day + hour, '2d1h'],
    [8 * day - 1, '7d23h'],
    [8 * day + hour, '8d'],
    [2 * 365 * day - 1, '729d'],
    [2 * 365 * day, '2y'],
    [2 * 365 * day + day, '2y1d'],
    [8 * 365 * day - 1, '7y364d'],
    [8 * 365 * day + day, '8y'],
  ]
  for (const [seconds, text] of table) t.equal(humanDuration(seconds * 1000), text, `${seconds} s`)
  t.equal(since(undefined, 0), '<unknown>')
})

t.test('never says a longer time with a smaller number', async (t) => {
  const units: Readonly<Record<string, number>> = { s: 1, m: minute, h: hour, d: day, y: 365 * day }
  const secondsOf = (text: string): number =>
    [...text.matchAll(/(\d+)([smhdy])/g)].reduce((sum, [, n, u]) => sum + Number(n) * units[u!]!, 0)
  const seconds = fc.nat(20 * 365 * day)
  fc.assert(
    fc.property(seconds, seconds, (a, b) => {
      const [early, late] = [Math.min(a, b), Math.max(a, b)]
      const said = secondsOf(humanDuration(late * 1000))
      return said <= late && secondsOf(humanDuration(early * 1000)) <= said
    }),
  )
  t.pass('held for 100 cases')
})

t.test('writes labels and selectors in the order of their keys', async (t) => {
  t.equal(labelsText({ b: '2', a: '1' }), 'a=1,b=2')
  t.equal(labelsText(undefined), '<none>')
  t.equal(selectorText(undefined), '')
  t.equal(labelSelectorText({}), '<none>')
  const matchExpressions = [
    { key: 'c', operator: 'NotIn', values: ['y', 'x'] },
    { key: 'b', operator: 'Exists' },
    { key: 'd', operator: 'DoesNotExist' },
  ]
  t.equal(selectorText({ matchLabels: { a: '1' }, matchExpressions }), 'a=1,b,c notin (x,y),!d')
})

t.test('counts what it does not list', async (t) => {
  t.equal(abbreviated([], 3, '<none>'), '<none>')
  t.equal(abbreviated(['a', 'b', 'c'], 3, '<none>'), 'a,b,c')
  t.equal(abbreviated(['a', 'b', 'c', 'd', 'e'], 3, '<none>'), 'a,b,c + 2 more...')
})
