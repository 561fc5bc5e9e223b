import { KVService, MaintenanceService } from '@kemu/rpc/etcd-codec'
import { sleep, systemClock } from '@kemu/base'
import { freePorts } from '@kemu/base/testing'
import t from 'tap'
import { startTestMember } from '../testing/test-member.ts'
import type { TestMember } from '../testing/test-member.ts'

async function startThree(
  t: { teardown(action: () => void | Promise<void>): void },
  flags: readonly string[],
): Promise<TestMember[]> {
  const ports = await freePorts(3)
  const cluster = ports.map((port, i) => `m${i}=http://127.0.0.1:${port}`).join()
  return Promise.all(
    ports.map((port, i) =>
      startTestMember(t, {
        flags: [
          `--name=m${i}`,
          `--listen-peer-urls=http://127.0.0.1:${port}`,
          `--initial-advertise-peer-urls=http://127.0.0.1:${port}`,
          `--initial-cluster=${cluster}`,
          ...flags,
        ],
      }),
    ),
  )
}

t.test('a member with other data is found, and the CORRUPT alarm stops everything', async (t) => {
  const members = await startThree(t, ['--corrupt-check-time=50ms'])
  const { channel } = members[0]!
  await channel.unary(KVService.Put, { key: 'a', value: 'right' })
  await Promise.all(members.map(({ server }) => server.member.whenReadable()))
  const status = await channel.unary(MaintenanceService.Status, {})
  t.same(status.errors, [], 'all agree')
  const wrong = members.find(({ server }) => !server.member.isLeader)!.server.member
  const { store } = wrong.state
  store.get('a')!.value = 'wrong'
  for (;;) {
    const { errors } = await channel.unary(MaintenanceService.Status, {})
    if (errors.length > 0) {
      t.same(errors, [`memberID:${wrong.id} alarm:CORRUPT `])
      break
    }
    await sleep(systemClock, 20)
  }
  const corrupt = { code: 15, message: 'etcdserver: corrupt cluster' }
  await t.rejects(channel.unary(KVService.Put, { key: 'a', value: 'b' }), corrupt)
  const { count } = await channel.unary(KVService.Range, { key: 'a' })
  t.equal(count, 1, 'reads go on, as in etcd: somebody has to look at it')
})
