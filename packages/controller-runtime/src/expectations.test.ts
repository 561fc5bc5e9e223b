import t from 'tap'
import { systemClock } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { DeletionExpectations, Expectations } from './expectations.ts'

t.test('is satisfied once every creation was observed or failed', (t) => {
  const expectations = new Expectations(systemClock)
  t.ok(expectations.satisfied('a'), 'nothing was ever expected')
  expectations.expectCreations('a', 2)
  t.notOk(expectations.satisfied('a'))
  expectations.creationObserved('a')
  t.notOk(expectations.satisfied('a'))
  expectations.creationObserved('a')
  t.ok(expectations.satisfied('a'))
  t.end()
})

t.test('gives up waiting after five minutes: a lost event must not block for ever', (t) => {
  let nowMs = 0
  const clock: Clock = { ...systemClock, monotonicMs: () => nowMs }
  const expectations = new Expectations(clock)
  expectations.expectDeletions('a', 1)
  nowMs = 5 * 60_000
  t.notOk(expectations.satisfied('a'))
  nowMs += 1
  t.ok(expectations.satisfied('a'))
  t.end()
})

t.test('counts a deletion once, although it is seen as an update and as a removal', (t) => {
  const expectations = new DeletionExpectations(systemClock)
  expectations.expectDeletions('a', ['p1', 'p2'])
  expectations.deletionObserved('a', 'p1')
  expectations.deletionObserved('a', 'p1')
  expectations.deletionObserved('a', 'someone-else')
  t.notOk(expectations.satisfied('a'))
  expectations.deletionObserved('a', 'p2')
  t.ok(expectations.satisfied('a'))
  t.end()
})
