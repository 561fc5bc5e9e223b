import { ManualClock } from '@kemu/base/testing'
import t from 'tap'
import type { LevelPlan } from './flow-plan.ts'
import { Rejected, Seats } from './seats.ts'

const queuing = { queues: 64, handSize: 1, queueLengthLimit: 2 }

function level(name: string, nominalSeats: number, more: Partial<LevelPlan> = {}): LevelPlan {
  const usual = {
    uid: '',
    isExempt: false,
    minSeats: nominalSeats,
    maxSeats: nominalSeats,
    queuing,
  }
  return { name, nominalSeats, ...usual, ...more }
}

function open(...levels: LevelPlan[]) {
  const clock = new ManualClock()
  const seats = new Seats(clock)
  seats.configure(levels)
  const order: string[] = []
  const gone = new AbortController()
  const take = async (name: string, flow: string, who = flow): Promise<() => void> => {
    const leave = await seats.take(name, flow, gone)
    order.push(who)
    return leave
  }
  return { clock, seats, take, order, gone }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('who finds no seat waits, flows in turn', async (t) => {
  const { take, order } = open(level('low', 1))
  const leave = await take('low', 'a')
  const later = [take('low', 'a', 'a2'), take('low', 'a', 'a3'), take('low', 'b', 'b1')]
  await turn()
  t.same(order, ['a'])
  leave()
  for (const next of [later[0]!, later[2]!, later[1]!]) (await next)()
  t.same(order, ['a', 'a2', 'b1', 'a3'])
})

t.test('a full queue and a level without queues turn away', async (t) => {
  const { queuing: _none, ...withoutQueues } = level('strict', 1)
  const { take, seats } = open(level('low', 1), withoutQueues)
  await take('low', 'a')
  await take('strict', 'a')
  const waiting = [take('low', 'a'), take('low', 'a')]
  await t.rejects(take('low', 'a'), new Rejected('queue-full'))
  await t.rejects(take('strict', 'b'), new Rejected('concurrency-limit'))
  const busy = seats.levels.map(({ executing, waiting: flows }) => [executing, flows.length])
  t.same(busy, [
    [1, 2],
    [1, 0],
  ])
  t.equal(waiting.length, 2)
})

t.test('who waits too long, or goes away, is turned away', async (t) => {
  const { take, clock, gone, order } = open(level('low', 1))
  const leave = await take('low', 'a')
  const late = take('low', 'a', 'late')
  clock.advance(15_000)
  await t.rejects(late, new Rejected('time-out'))
  const impatient = take('low', 'a', 'impatient')
  gone.abort()
  await t.rejects(impatient, new Rejected('cancelled'))
  leave()
  await turn()
  t.same(order, ['a'])
})

t.test('exempt requests never wait', async (t) => {
  const { take, seats } = open(level('exempt', 0, { isExempt: true }))
  await Promise.all([take('exempt', ''), take('exempt', '')])
  t.equal(seats.levels[0]!.executing, 2)
})

t.test('a level borrows what another lends and does not use', async (t) => {
  const lender = level('lender', 4, { minSeats: 2 })
  const { take, order } = open(lender, level('borrower', 1, { maxSeats: 10 }))
  for (const who of ['own', 'lent 1', 'lent 2']) await take('borrower', 'b', who)
  const fourth = take('borrower', 'b', 'fourth')
  await turn()
  t.same(order, ['own', 'lent 1', 'lent 2'], 'two of four are lendable')
  const leaves = await Promise.all([1, 2, 3, 4].map((n) => take('lender', `l${n}`)))
  t.equal(order.length, 7, 'a lender always has its nominal seats')
  for (const leave of leaves) leave()
  await turn()
  t.equal(order.length, 7, 'what is lent is still lent')
  t.ok(fourth)
})

t.test('new limits seat those who wait; a level that is gone is served to its end', async (t) => {
  const { take, seats, order } = open(level('low', 1))
  const leave = await take('low', 'a')
  const second = take('low', 'a', 'second')
  const third = take('low', 'a', 'third')
  seats.configure([level('low', 2, { queuing: { ...queuing, queues: 8 } })])
  const leaveSecond = await second
  t.same(order, ['a', 'second'])
  seats.configure([level('other', 2)])
  leave()
  leaveSecond()
  ;(await third)()
  t.same(
    seats.levels.map(({ plan }) => plan.name),
    ['other'],
  )
})
