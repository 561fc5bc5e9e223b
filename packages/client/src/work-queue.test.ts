import t from 'tap'
import { systemClock } from '@kemu/base'
import { WorkQueue } from './work-queue.ts'

t.test('a key that is added twice is worked on once', async (t) => {
  const queue = new WorkQueue<string>(systemClock)
  queue.add('a')
  queue.add('a')
  t.equal(await queue.take(), 'a')
  t.equal(queue.length, 0)
  queue.close()
})

t.test('a key added while it is worked on comes again when it is done', async (t) => {
  const queue = new WorkQueue<string>(systemClock)
  queue.add('a')
  const key = await queue.take()
  queue.add('a')
  t.equal(queue.length, 0, 'not while it is worked on')
  queue.done(key!)
  t.equal(await queue.take(), 'a')
  queue.close()
})

t.test('a taker that waits gets the next key', async (t) => {
  const queue = new WorkQueue<string>(systemClock)
  const taken = queue.take()
  queue.add('b')
  t.equal(await taken, 'b')
  queue.close()
})

t.test('the earlier of two appointments wins', async (t) => {
  const fired: number[] = []
  const clock = {
    ...systemClock,
    monotonicMs: () => 0,
    setTimer: (delayMs: number) => {
      fired.push(delayMs)
      return { cancel: () => fired.push(-delayMs) }
    },
  }
  const queue = new WorkQueue<string>(clock)
  queue.addAfter('a', 100)
  queue.addAfter('a', 500)
  queue.addAfter('a', 50)
  t.same(fired, [100, -100, 50])
})

t.test('failures double the pause and success starts over', (t) => {
  const delays: number[] = []
  const clock = {
    ...systemClock,
    monotonicMs: () => 0,
    setTimer: (delayMs: number) => (delays.push(delayMs), { cancel: () => {} }),
  }
  const queue = new WorkQueue<string>(clock, { failureMsMin: 5, failureMsMax: 15 })
  for (let i = 0; i < 2; i++) {
    queue.addRateLimited(`k${i}`)
  }
  queue.addRateLimited('x')
  queue.forget('x')
  t.same(delays, [5, 5, 5])
  t.equal(queue.failuresOf('x'), 0)
  t.equal(queue.failuresOf('k0'), 1)
  t.end()
})

t.test('closing wakes those who wait', async (t) => {
  const queue = new WorkQueue<string>(systemClock)
  const taken = queue.take()
  queue.close()
  t.equal(await taken, undefined)
})
