import t from 'tap'
import { formatDuration, parseDuration } from './duration.ts'

t.test("reads Go's notation", (t) => {
  t.equal(parseDuration('1m30s'), 90_000)
  t.equal(parseDuration('1.5h'), 5_400_000)
  t.equal(parseDuration('250ms'), 250)
  t.equal(parseDuration('-2s'), -2000)
  t.equal(parseDuration('0'), 0)
  t.end()
})

t.test('refuses what is no duration', (t) => {
  for (const text of ['', '5', 's', '1 s', '1d', 'abc'])
    t.equal(parseDuration(text), undefined, text)
  t.end()
})

t.test('writes what Go would write', (t) => {
  t.equal(formatDuration(90_000), '1m30s')
  t.equal(formatDuration(3_600_000), '1h0m0s')
  t.equal(formatDuration(1500), '1.5s')
  t.equal(formatDuration(0), '0s')
  t.equal(formatDuration(250), '250ms')
  t.end()
})
