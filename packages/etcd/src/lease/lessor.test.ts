import type { Clock } from '@kemu/base'
import t from 'tap'
import { Lessor } from './lessor.ts'

class TestClock implements Clock {
  ms = 0
  now(): number {
    return this.ms
  }
  monotonicMs(): number {
    return this.ms
  }
  setTimer(): { cancel(): void } {
    return { cancel: () => {} }
  }
  setPeriodic(): { cancel(): void } {
    return { cancel: () => {} }
  }
}

function leading(): { lessor: Lessor; clock: TestClock } {
  const clock = new TestClock()
  const lessor = new Lessor(clock, { ttlSecondsMin: 2, hasCheckpoints: true })
  lessor.promote(0)
  return { lessor, clock }
}

t.test('a lease lives for its time and again after each renewal', (t) => {
  const { lessor, clock } = leading()
  lessor.grant(7n, 10)
  clock.ms = 9000
  t.equal(lessor.renew(7n), 10)
  clock.ms = 18_500
  t.same(lessor.expired(), [])
  clock.ms = 19_000
  t.same(lessor.expired(), [7n])
  t.throws(() => lessor.renew(7n), /requested lease not found/, 'too late')
  t.end()
})

t.test('a short time is lengthened, an absurd one refused, an id is given once', (t) => {
  const { lessor } = leading()
  t.equal(lessor.grant(1n, 1).ttlSeconds, 2)
  t.throws(() => lessor.grant(2n, 9_000_000_001), /too large lease TTL/)
  t.throws(() => lessor.grant(1n, 5), /lease already exists/)
  t.end()
})

t.test('only a leader lets leases expire, and a new one gives them their time again', (t) => {
  const { lessor, clock } = leading()
  lessor.grant(1n, 5)
  lessor.demote()
  clock.ms = 60_000
  t.same(lessor.expired(), [])
  lessor.promote(1000)
  clock.ms = 65_500
  t.same(lessor.expired(), [], 'extended by the time of an election')
  clock.ms = 66_000
  t.same(lessor.expired(), [1n])
  t.end()
})

t.test('an expired lease is offered again until it is revoked', (t) => {
  const { lessor, clock } = leading()
  lessor.grant(1n, 2)
  clock.ms = 2000
  t.same(lessor.expired(), [1n])
  t.same(lessor.expired(), [], 'not at every look')
  clock.ms = 2500
  t.same(lessor.expired(), [1n])
  lessor.attach(1n, 'b')
  lessor.attach(1n, 'a')
  t.same(lessor.revoke(1n), ['a', 'b'])
  clock.ms = 9000
  t.same(lessor.expired(), [])
  t.end()
})

t.test('a checkpoint shortens what is left after a change of the leader', (t) => {
  const { lessor, clock } = leading()
  lessor.grant(1n, 100)
  lessor.checkpoint(1n, 40)
  lessor.demote()
  lessor.promote(0)
  clock.ms = 40_000
  t.same(lessor.expired(), [1n])
  t.end()
})

t.test(
  'what is left of a long lease is noted every five minutes, and a new leader begins there',
  (t) => {
    const { lessor, clock } = leading()
    lessor.grant(1n, 1000)
    lessor.grant(2n, 300)
    clock.ms = 299_999
    t.same(lessor.dueCheckpoints(), [])
    clock.ms = 300_000
    t.same(lessor.dueCheckpoints(), [{ ID: 1n, remaining_TTL: 700 }], 'the short one needs none')
    t.same(lessor.dueCheckpoints(), [], 'it is told once')
    lessor.checkpoint(1n, 700)
    t.equal(lessor.remainingSeconds(lessor.get(1n)!), 700, 'this leader goes on as before')
    clock.ms = 600_000
    t.same(lessor.dueCheckpoints(), [{ ID: 1n, remaining_TTL: 400 }])
    lessor.checkpoint(1n, 400)
    lessor.demote()
    t.same(lessor.dueCheckpoints(), [])
    clock.ms = 900_000
    lessor.promote(0)
    t.equal(lessor.remainingSeconds(lessor.get(1n)!), 400, 'not 1000 again')
    t.equal(lessor.remainingSeconds(lessor.get(2n)!), 300)
    t.equal(lessor.renew(1n), 1000)
    t.equal(lessor.remainingSeconds(lessor.get(1n)!), 1000)
    t.end()
  },
)
