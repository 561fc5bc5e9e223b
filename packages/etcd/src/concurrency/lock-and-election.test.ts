import { sleep, systemClock } from '@kemu/base'
import { ElectionService, KVService, LeaseService, LockService } from '@kemu/rpc/etcd-codec'
import t from 'tap'
import type { Channel } from '../grpc/client.ts'
import { startTestMember } from '../testing/test-member.ts'

const grant = async (channel: Channel): Promise<bigint> =>
  (await channel.unary(LeaseService.LeaseGrant, { TTL: 100 })).ID

t.test('a lock goes to one after the other, in the order of asking', async (t) => {
  const { channel } = await startTestMember(t)
  const order: string[] = []
  const lock = async (who: string): Promise<string> => {
    const { key } = await channel.unary(LockService.Lock, {
      name: 'l',
      lease: await grant(channel),
    })
    order.push(who)
    return key
  }
  const first = await lock('a')
  t.match(first, /^l\/[0-9a-f]+$/)
  const second = lock('b')
  while ((await channel.unary(KVService.Range, { key: 'l/', rangeEnd: 'l0' })).count < 2) {
    await sleep(systemClock, 5)
  }
  const third = lock('c')
  t.same(order, ['a'])
  await channel.unary(LockService.Unlock, { key: first })
  await channel.unary(LockService.Unlock, { key: await second })
  await third
  t.same(order, ['a', 'b', 'c'])
})

t.test('a lock is free when its lease is gone', async (t) => {
  const { channel } = await startTestMember(t)
  const lease = await grant(channel)
  await channel.unary(LockService.Lock, { name: 'l', lease })
  const next = channel.unary(LockService.Lock, { name: 'l', lease: await grant(channel) })
  await channel.unary(LeaseService.LeaseRevoke, { ID: lease })
  t.ok((await next).key)
})

t.test('an election: campaign, observe, proclaim, resign', async (t) => {
  const { channel } = await startTestMember(t)
  const seen: string[] = []
  let wake = (): void => {}
  const observing = channel.stream(ElectionService.Observe, {
    onMessage: ({ kv }) => {
      seen.push(kv!.value)
      wake()
    },
    onEnd: () => {},
    onDrain: () => {},
  })
  const until = async (count: number): Promise<void> => {
    while (seen.length < count) await new Promise<void>((resolve) => (wake = resolve))
  }
  observing.write({ name: 'e' })
  await t.rejects(channel.unary(ElectionService.Leader, { name: 'e' }), /election: no leader/)
  const campaign = async (value: string) =>
    (
      await channel.unary(ElectionService.Campaign, {
        name: 'e',
        lease: await grant(channel),
        value,
      })
    ).leader!
  const one = await campaign('one')
  const two = campaign('two')
  const leader = await channel.unary(ElectionService.Leader, { name: 'e' })
  t.equal(leader.kv?.value, 'one')
  await channel.unary(ElectionService.Proclaim, { leader: one, value: 'one again' })
  await channel.unary(ElectionService.Resign, { leader: one })
  await two
  await until(3)
  t.equal(seen.at(-1), 'two')
  t.ok(seen.includes('one again'))
  await t.rejects(
    channel.unary(ElectionService.Proclaim, { leader: one, value: 'late' }),
    /election: not leader/,
  )
  observing.cancel()
})
