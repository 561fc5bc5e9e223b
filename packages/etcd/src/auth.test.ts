import { AuthService, KVService, LeaseService, PermissionType } from '@kemu/rpc/etcd-codec'
import t from 'tap'
import type { Channel } from './grpc/client.ts'
import { putBriefly } from './testing/leased-key.ts'
import { startTestMember, temporaryDirectory } from './testing/test-member.ts'
import { TestWatch } from './testing/test-watch.ts'

/** The channel with a token in the metadata of each call. */
async function as(channel: Channel, name: string, password: string): Promise<Channel> {
  const { token } = await channel.unary(AuthService.Authenticate, { name, password })
  return channel.withMetadata({ token })
}

async function withUsers(channel: Channel): Promise<{ root: Channel; alice: Channel }> {
  await channel.unary(AuthService.UserAdd, { name: 'root', password: 'r' })
  await channel.unary(AuthService.UserGrantRole, { user: 'root', role: 'root' })
  await channel.unary(AuthService.UserAdd, { name: 'alice', password: 'a' })
  await channel.unary(AuthService.RoleAdd, { name: 'some' })
  const perm = { key: 'a', rangeEnd: 'b', permType: PermissionType.READWRITE }
  await channel.unary(AuthService.RoleGrantPermission, { name: 'some', perm })
  await channel.unary(AuthService.UserGrantRole, { user: 'alice', role: 'some' })
  await channel.unary(AuthService.AuthEnable, {})
  return { root: await as(channel, 'root', 'r'), alice: await as(channel, 'alice', 'a') }
}

const denied = { code: 7, message: 'etcdserver: permission denied' }

t.test('who is allowed may, who is not may not, also in the middle of a transaction', async (t) => {
  const { channel } = await startTestMember(t)
  const { root, alice } = await withUsers(channel)
  await alice.unary(KVService.Put, { key: 'a1', value: 'v' })
  await t.rejects(alice.unary(KVService.Put, { key: 'b1' }), denied)
  await t.rejects(alice.unary(KVService.Range, { key: 'a', rangeEnd: 'c' }), denied)
  const nested = {
    success: [{ requestTxn: { success: [{ requestPut: { key: 'b1', value: 'v' } }] } }],
  }
  await t.rejects(alice.unary(KVService.Txn, nested), denied)
  await root.unary(KVService.Txn, nested)
  await t.rejects(channel.unary(KVService.Range, { key: 'a1' }), {
    code: 3,
    message: 'etcdserver: user name is empty',
  })
  await t.rejects(channel.withMetadata({ token: 'x' }).unary(KVService.Range, { key: 'a1' }), {
    code: 16,
    message: 'etcdserver: invalid auth token',
  })
  await t.rejects(channel.unary(AuthService.Authenticate, { name: 'alice', password: 'wrong' }), {
    code: 3,
    message: 'etcdserver: authentication failed, invalid user ID or password',
  })
})

t.test(
  'a watch is refused with the reason, and leases belong to who may write their keys',
  async (t) => {
    const { channel } = await startTestMember(t)
    const { root, alice } = await withUsers(channel)
    const watch = new TestWatch(alice)
    watch.create({ key: 'z' })
    t.match(await watch.next(), {
      created: true,
      canceled: true,
      cancelReason: /permission denied/,
    })
    watch.create({ key: 'a' })
    t.match(await watch.next(), { created: true, canceled: false })
    watch.close()
    const { ID } = await root.unary(LeaseService.LeaseGrant, { TTL: 100 })
    await root.unary(KVService.Put, { key: 'z', value: 'v', lease: ID })
    await t.rejects(alice.unary(LeaseService.LeaseRevoke, { ID }), denied)
    await t.rejects(alice.unary(KVService.Put, { key: 'a', lease: ID }), denied)
    await root.unary(LeaseService.LeaseRevoke, { ID })
  },
)

t.test('users and roles survive a restart, from the log and from a snapshot', async (t) => {
  const directory = temporaryDirectory(t)
  const first = await startTestMember(t, { directory, flags: ['--snapshot-count=20'] })
  const { root } = await withUsers(first.channel)
  for (let i = 0; i < 100; i++) await root.unary(KVService.Put, { key: 'k', value: String(i) })
  await first.stop()
  const { channel } = await startTestMember(t, { directory })
  const again = await as(channel, 'root', 'r')
  const { users } = await again.unary(AuthService.UserList, {})
  t.same(users, ['alice', 'root'])
  const { perm } = await again.unary(AuthService.RoleGet, { role: 'some' })
  t.match(perm, [{ key: 'a', rangeEnd: 'b', permType: PermissionType.READWRITE }])
  const alice = await as(channel, 'alice', 'a')
  await t.rejects(alice.unary(KVService.Range, { key: 'k' }), denied)
})

t.test('a lease that expires is ended although nobody is logged in', async (t) => {
  const { channel } = await startTestMember(t, {
    flags: ['--heartbeat-interval=20', '--election-timeout=100'],
  })
  const { root } = await withUsers(channel)
  const watch = new TestWatch(root)
  watch.create({ key: 'k' })
  t.ok((await watch.next()).created)
  await putBriefly(root, 'k')
  t.equal((await watch.events(2))[1]?.type, 1)
  watch.close()
})
