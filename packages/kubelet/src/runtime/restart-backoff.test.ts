import t from 'tap'
import { SettlingClock } from '../testing/settling-clock.ts'
import { RestartBackoff } from './restart-backoff.ts'

t.test('pauses double up to the longest and are forgotten after twice that', async (t) => {
  const clock = new SettlingClock()
  const backoff = new RestartBackoff(clock, { initialMs: 10_000, maxMs: 30_000 })
  t.equal(backoff.isWaitingSince('k', clock.now()), false, 'the first time nothing waits')
  for (const expected of [10_000, 20_000, 30_000, 30_000]) {
    backoff.next('k', clock.now())
    t.equal(backoff.get('k'), expected)
    t.equal(backoff.isWaitingSince('k', clock.now()), true)
    await clock.advance(expected)
    t.equal(backoff.isWaitingSince('k', clock.now() - expected), false)
  }
  await clock.advance(60_001)
  backoff.next('k', clock.now())
  t.equal(backoff.get('k'), 10_000)
})
