import t from 'tap'
import { ReadQueue } from './read-queue.ts'

/** A queue that says what it asks. */
function newQueue(firstRequest: number) {
  const asked: number[] = []
  const ask = (request: number): boolean => asked.push(request) > 0
  return { queue: new ReadQueue({ ask, timeoutTicks: 50, firstRequest }), asked }
}

t.test(
  'an answer to what was asked before a restart does not answer a read after it',
  async (t) => {
    const before = newQueue(7000)
    before.queue.add(() => t.fail('the member was killed before it was answered'))
    before.queue.ask()
    const after = newQueue(90)
    let isRead = false
    after.queue.add(() => (isRead = true))
    after.queue.ask()
    // The leader had noted index 3; what was acknowledged since, this read must see.
    after.queue.answer(before.asked[0]!, 3)
    after.queue.release(3)
    t.equal(isRead, false)
    after.queue.answer(after.asked[0]!, 5)
    after.queue.release(5)
    t.equal(isRead, true)
  },
)

t.test('a read that comes while a question is under way waits for the next one', async (t) => {
  const { queue, asked } = newQueue(0)
  const read: string[] = []
  queue.add(() => read.push('early'))
  queue.ask()
  queue.add(() => read.push('late'))
  queue.answer(asked[0]!, 3)
  queue.release(9)
  t.same(read, ['early'])
  queue.answer(asked[1]!, 9)
  queue.release(9)
  t.same(read, ['early', 'late'])
})
