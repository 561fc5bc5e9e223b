import t from 'tap'
import { amountOrShare } from './percentage.ts'
import { templateHash } from './pod-template-hash.ts'
import { slowStart } from './slow-start.ts'

t.test('calls come in batches of one, two, four', async (t) => {
  let running = 0
  const peaks: number[] = []
  const { succeeded } = await slowStart(7, async () => {
    running += 1
    peaks.push(running)
    await new Promise((resolve) => setImmediate(resolve))
    running -= 1
  })
  t.equal(succeeded, 7)
  t.same(peaks, [1, 1, 2, 1, 2, 3, 4])
})

t.test('a failure ends it after its batch', async (t) => {
  let calls = 0
  const result = await slowStart(100, async (i) => {
    calls += 1
    if (i === 2) throw new Error('quota')
  })
  t.equal(calls, 3)
  t.equal(result.succeeded, 2)
  t.match(result.error, { message: 'quota' })
})

t.test('shares of a total round as told', async (t) => {
  t.equal(amountOrShare('25%', 3, 'up'), 1)
  t.equal(amountOrShare('25%', 3, 'down'), 0)
  t.equal(amountOrShare(2, 3, 'up'), 2)
  t.equal(amountOrShare(undefined, 3, 'up'), 0)
})

t.test('equal templates have equal hashes, whatever the order of their keys', async (t) => {
  const a = { spec: { containers: [{ name: 'x', image: 'y' }] }, metadata: { labels: { a: 'b' } } }
  const b = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ image: 'y', name: 'x' }] } }
  t.equal(templateHash(a), templateHash(b))
  t.not(templateHash(a), templateHash({ ...a, spec: {} }))
  t.not(templateHash(a), templateHash(a, 1))
})
