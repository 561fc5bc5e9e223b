import fc from 'fast-check'
import t from 'tap'
import { dealHand, FairQueues } from './fair-queues.ts'

t.test('a flow always gets the same hand, of different queues', async () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 8 }), (flow, handSize) => {
      const plan = { queues: 64, handSize }
      const hand = dealHand(flow, plan)
      return (
        new Set(hand).size === handSize &&
        hand.every((card) => card >= 0 && card < 64) &&
        hand.join() === dealHand(flow, plan).join()
      )
    }),
  )
})

t.test('hands are those that upstream deals', async (t) => {
  // sha256("a\0b") begins with these bytes, little-endian; the rest is division by hand.
  let hash = 0n
  const bytes = (await import('node:crypto')).createHash('sha256').update('a\0b').digest()
  for (let i = 7; i >= 0; i -= 1) hash = hash * 256n + BigInt(bytes[i]!)
  const first = Number(hash % 128n)
  const second = Number((hash / 128n) % 127n)
  t.same(dealHand('a\0b', { queues: 128, handSize: 2 }), [
    first,
    second >= first ? second + 1 : second,
  ])
})

t.test('queues are served in turn, and within one in order', async (t) => {
  const queues = new FairQueues<string>({ queues: 1000, handSize: 1, queueLengthLimit: 10 })
  for (const item of ['a1', 'a2', 'a3']) queues.add('a', item)
  for (const item of ['b1', 'b2']) queues.add('b', item)
  const order = Array.from({ length: 6 }, () => queues.take())
  t.same(order, ['a1', 'b1', 'a2', 'b2', 'a3', undefined])
  t.ok(queues.isEmpty)
})

t.test('a flow fills its own hand and no more', async (t) => {
  const queues = new FairQueues<number>({ queues: 64, handSize: 2, queueLengthLimit: 3 })
  const taken = Array.from({ length: 10 }, (_, i) => queues.add('greedy', i))
  t.equal(taken.filter(Boolean).length, 6)
  t.equal(queues.items.length, 6)
  queues.remove(0)
  t.ok(queues.add('greedy', 10), 'who leaves makes room')
})
