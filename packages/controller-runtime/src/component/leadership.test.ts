import t from 'tap'
import { leases } from '@kemu/api'
import { FlagError, parseFlags, seededRandom, silentLogger, systemClock } from '@kemu/base'
import { Client, ConnectionError } from '@kemu/client'
import { MemoryTransport } from '@kemu/client/memory'
import { componentFlags } from './component-flags.ts'
import { Leadership } from './leadership.ts'

function start(transport: MemoryTransport, args: string[] = [], seed = 1) {
  const client = new Client(transport)
  const flags = parseFlags(componentFlags, args)
  const random = seededRandom(seed)
  return new Leadership('try', flags, { client, clock: systemClock, random, logger: silentLogger })
}

t.test('waits for a server that does not listen yet, then leads', async (t) => {
  const transport = new MemoryTransport()
  const get = transport.get.bind(transport)
  let refusals = 3
  transport.get = async (path) => {
    if (refusals-- > 0) throw new ConnectionError('nobody there')
    return get(path)
  }
  const leadership = start(transport)
  t.equal(await leadership.acquire(), true)
  t.ok(leadership.leads)
  const lease = await new Client(transport).resource(leases, 'kube-system').get('try')
  t.match(lease.spec.holderIdentity, /_[0-9a-f-]{36}$/)
  await leadership.close()
  const released = await new Client(transport).resource(leases, 'kube-system').get('try')
  t.equal(released.spec.holderIdentity, '')
})

t.test('of two, the second leads when the first gives up', async (t) => {
  const transport = new MemoryTransport()
  const quick = ['--leader-elect-retry-period=2ms']
  const first = start(transport, quick, 1)
  const second = start(transport, quick, 2)
  t.equal(await first.acquire(), true)
  const waiting = second.acquire()
  await first.close()
  t.equal(await waiting, true)
  await second.close()
})

t.test('losing the lease is an error, for another may lead by now', async (t) => {
  const transport = new MemoryTransport()
  const leadership = start(transport, [
    '--leader-elect-retry-period=1ms',
    '--leader-elect-renew-deadline=1ms',
  ])
  await leadership.acquire()
  transport.onWrite = () => {
    throw new ConnectionError('cut off')
  }
  await t.rejects(leadership.hold(), { message: 'leader election lost' })
  t.notOk(leadership.leads)
  await leadership.close()
})

t.test('without election it works alone, and writes no lease', async (t) => {
  const transport = new MemoryTransport()
  const leadership = start(transport, ['--leader-elect=false'])
  t.equal(await leadership.acquire(), true)
  t.same(transport.writes, [])
  await leadership.close()
})

t.test('locks other than leases are refused', async (t) => {
  const args = ['--leader-elect-resource-lock=configmaps']
  t.throws(() => start(new MemoryTransport(), args), FlagError)
})
