import {
  CompareCompareTarget,
  KVService,
  LeaseService,
  MaintenanceService,
} from '@kemu/rpc/etcd-codec'
import t from 'tap'
import type { Channel } from './grpc/client.ts'
import { startTestMember } from './testing/test-member.ts'
import { TestWatch } from './testing/test-watch.ts'

// What kube-apiserver's storage layer (apiserver/pkg/storage/etcd3) and etcd's client for it
// (client/v3/kubernetes) ask.

const prefix = '/registry/pods/'
const prefixEnd = '/registry/pods0'

/** OptimisticPut: create (0), or update what was read at a revision. */
async function optimisticPut(
  channel: Channel,
  key: string,
  value: string,
  modRevision: number,
  { lease = 0n, getOnFailure = true } = {},
) {
  return channel.unary(KVService.Txn, {
    compare: [{ key, target: CompareCompareTarget.MOD, modRevision }],
    success: [{ requestPut: { key, value, lease } }],
    failure: getOnFailure ? [{ requestRange: { key } }] : [],
  })
}

function optimisticDelete(channel: Channel, key: string, modRevision: number) {
  return channel.unary(KVService.Txn, {
    compare: [{ key, target: CompareCompareTarget.MOD, modRevision }],
    success: [{ requestDeleteRange: { key } }],
    failure: [{ requestRange: { key } }],
  })
}

t.test('create, guarded update and delete answer with what is there instead', async (t) => {
  const { channel } = await startTestMember(t)
  const key = `${prefix}default/web`
  const created = await optimisticPut(channel, key, 'v1', 0, { getOnFailure: false })
  t.ok(created.succeeded)
  t.equal(created.header!.revision, 2)
  const again = await optimisticPut(channel, key, 'v1', 0, { getOnFailure: false })
  t.notOk(again.succeeded)
  t.same(again.responses, [], 'a create does not ask what is there')
  t.equal(again.header!.revision, 2, 'a refused write makes no revision')
  const stale = await optimisticPut(channel, key, 'v2', 1)
  t.match(stale.responses[0]!.responseRange!.kvs, [{ value: 'v1', modRevision: 2 }])
  t.ok((await optimisticPut(channel, key, 'v2', 2)).succeeded)
  t.notOk((await optimisticDelete(channel, key, 2)).succeeded)
  const deleted = await optimisticDelete(channel, key, 3)
  t.equal(deleted.responses[0]!.responseDeleteRange!.deleted, 1)
  const gone = await optimisticDelete(channel, key, 3)
  t.same(gone.responses[0]!.responseRange!.kvs, [], 'nothing is there instead')
})

t.test(
  'a list goes on by its token at the revision of its first page, until that is compacted',
  async (t) => {
    const { channel } = await startTestMember(t)
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await optimisticPut(channel, `${prefix}${name}`, 'old', 0)
    }
    const list = (key: string, revision: number, limit = 2) =>
      channel.unary(KVService.Range, { key, rangeEnd: prefixEnd, limit, revision })
    const first = await list(prefix, 0)
    const revision = first.header!.revision
    t.same([first.kvs.length, first.more, first.count], [2, true, 5])
    await optimisticPut(channel, `${prefix}c`, 'new', 4)
    await optimisticDelete(channel, `${prefix}e`, 6)
    const second = await list(`${prefix}b\0`, revision)
    t.same(
      second.kvs.map(({ value }) => value),
      ['old', 'old'],
    )
    t.same([second.more, second.count], [true, 3])
    t.equal(second.header!.revision, revision + 2, 'the header says where the store is now')
    const third = await list(`${prefix}d\0`, revision)
    t.same([third.kvs.map(({ key }) => key), third.more], [[`${prefix}e`], false])
    await channel.unary(KVService.Compact, { revision: revision + 1 })
    await t.rejects(list(`${prefix}b\0`, revision), {
      code: 11,
      message: 'etcdserver: mvcc: required revision has been compacted',
    })
    await t.rejects(list(prefix, revision + 100), {
      code: 11,
      message: 'etcdserver: mvcc: required revision is a future revision',
    })
    const counted = await channel.unary(KVService.Range, {
      key: prefix,
      rangeEnd: prefixEnd,
      countOnly: true,
    })
    t.same([counted.count, counted.kvs], [4, []])
  },
)

t.test(
  'a watch begins behind its list, and a progress request is answered when all is told',
  async (t) => {
    const { channel } = await startTestMember(t)
    await optimisticPut(channel, `${prefix}a`, 'v1', 0)
    const { header } = await channel.unary(KVService.Range, { key: prefix, rangeEnd: prefixEnd })
    await optimisticPut(channel, `${prefix}a`, 'v2', 2)
    const watch = new TestWatch(channel.withMetadata({ hasleader: 'true' }))
    watch.create({
      key: prefix,
      rangeEnd: prefixEnd,
      startRevision: header!.revision + 1,
      prevKv: true,
      progressNotify: true,
    })
    t.ok((await watch.next()).created)
    const [update] = await watch.events(1)
    t.match(update, {
      kv: { value: 'v2', modRevision: 3 },
      prevKv: { value: 'v1', modRevision: 2 },
    })
    await optimisticDelete(channel, `${prefix}a`, 3)
    await channel.unary(KVService.Put, { key: '/registry/other', value: 'x' })
    watch.askProgress()
    const [deletion] = await watch.events(1)
    t.match(deletion, { type: 1, kv: { modRevision: 4 }, prevKv: { value: 'v2' } })
    const progress = await watch.next()
    t.same(progress.events, [])
    t.equal(progress.header!.revision, 5, 'writes that it does not watch count too')
    watch.close()
  },
)

t.test(
  'a watch from before the compaction is told so, which the reflector takes for "list again"',
  async (t) => {
    const { channel } = await startTestMember(t)
    for (let i = 0; i < 5; i++)
      await channel.unary(KVService.Put, { key: `${prefix}a`, value: 'x' })
    await channel.unary(KVService.Compact, { revision: 5 })
    const watch = new TestWatch(channel)
    watch.create({ key: prefix, rangeEnd: prefixEnd, startRevision: 3 })
    t.ok((await watch.next()).created)
    t.match(await watch.next(), { canceled: true, compactRevision: 5 })
    watch.close()
  },
)

t.test('one lease serves many events, and takes them all with it', async (t) => {
  const { channel } = await startTestMember(t)
  const { ID } = await channel.unary(LeaseService.LeaseGrant, { TTL: 3660 })
  for (let i = 0; i < 3; i++) {
    await optimisticPut(channel, `/registry/events/${i}`, 'x', 0, { lease: ID })
  }
  const { keys, grantedTTL } = await channel.unary(LeaseService.LeaseTimeToLive, { ID, keys: true })
  t.same([keys.length, grantedTTL], [3, 3660])
  await channel.unary(LeaseService.LeaseRevoke, { ID })
  const left = await channel.unary(KVService.Range, { key: '/registry/', rangeEnd: '/registry0' })
  t.equal(left.count, 0)
  await t.rejects(optimisticPut(channel, '/registry/events/9', 'x', 0, { lease: ID }), {
    code: 5,
    message: 'etcdserver: requested lease not found',
  })
})

t.test('of two apiservers one compacts: the version of compact_rev_key is the clock', async (t) => {
  const { channel } = await startTestMember(t)
  const key = 'compact_rev_key'
  const tick = (version: number, revision: number) =>
    channel.unary(KVService.Txn, {
      compare: [{ key, target: CompareCompareTarget.VERSION, version }],
      success: [{ requestPut: { key, value: String(revision) } }],
      failure: [{ requestRange: { key } }],
    })
  t.ok((await tick(0, 0)).succeeded, 'the first one begins the clock')
  const late = await tick(0, 0)
  t.notOk(late.succeeded)
  t.match(late.responses[0]!.responseRange!.kvs, [{ version: 1, value: '0' }])
  await channel.unary(KVService.Put, { key: 'a', value: 'x' })
  const won = await tick(1, late.header!.revision)
  t.ok(won.succeeded)
  t.notOk((await tick(1, 1)).succeeded, 'the other one lost')
  await channel.unary(KVService.Compact, { revision: late.header!.revision })
  await t.rejects(channel.unary(KVService.Compact, { revision: late.header!.revision }), {
    message: 'etcdserver: mvcc: required revision has been compacted',
  })
})

t.test(
  'Status says the version that its checks of features read, and a size that grows',
  async (t) => {
    const { channel } = await startTestMember(t)
    const before = await channel.unary(MaintenanceService.Status, {})
    t.match(
      before.version,
      /^3\.6\.\d+$/,
      'RequestWatchProgress is trusted from 3.4.31 and 3.5.13 on',
    )
    t.equal(before.storageVersion, '3.6.0')
    t.ok(before.dbSize > 0, 'etcdctl divides by it')
    await channel.unary(KVService.Put, { key: 'a', value: 'x'.repeat(10_000) })
    const after = await channel.unary(MaintenanceService.Status, {})
    t.ok(after.dbSize >= before.dbSize + 10_000)
    t.equal(after.dbSizeInUse, after.dbSize)
    t.ok(after.raftAppliedIndex > before.raftAppliedIndex)
    t.equal(after.leader, after.header!.memberId)
  },
)
