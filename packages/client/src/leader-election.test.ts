import t from 'tap'
import { leases } from '@kemu/api'
import { seededRandom, silentLogger, systemClock } from '@kemu/base'
import { Client } from './client.ts'
import { LeaderElector } from './leader-election.ts'
import { MemoryTransport } from './memory/index.ts'

function elector(transport: MemoryTransport, identity: string): LeaderElector {
  return new LeaderElector(
    {
      namespace: 'kube-system',
      name: 'try',
      identity,
      leaseDurationMs: 10,
      renewDeadlineMs: 5,
      retryPeriodMs: 1,
    },
    {
      client: new Client(transport),
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
    },
  )
}

t.test('a server that never answers does not keep a leader in office', async (t) => {
  const transport = new MemoryTransport()
  const leader = elector(transport, 'a')
  t.equal(await leader.acquire(), true)
  transport.update = () => new Promise(() => {})
  await leader.hold()
  t.pass('the renew deadline ends it')
})

t.test('who does not renew in time is followed by the next', async (t) => {
  const transport = new MemoryTransport()
  t.equal(await elector(transport, 'a').acquire(), true)
  const next = elector(transport, 'b')
  t.equal(await next.acquire(), true)
  const { spec } = await new Client(transport).resource(leases, 'kube-system').get('try')
  t.equal(spec.holderIdentity, 'b')
  t.equal(spec.leaseTransitions, 1)
  await next.close()
})
