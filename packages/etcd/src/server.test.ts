import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  ClusterService,
  CompareCompareTarget,
  CompareCompareResult,
  KVService,
  LeaseService,
  MaintenanceService,
} from '@kemu/rpc/etcd-codec'
import t from 'tap'
import type { Channel } from './grpc/client.ts'
import { putBriefly } from './testing/leased-key.ts'
import { startTestMember, temporaryDirectory } from './testing/test-member.ts'
import { TestWatch } from './testing/test-watch.ts'

const put = (channel: Channel, key: string, value: string, lease = 0n) =>
  channel.unary(KVService.Put, { key, value, lease })
const get = async (channel: Channel, key: string): Promise<string | undefined> =>
  (await channel.unary(KVService.Range, { key })).kvs[0]?.value

t.test('answers with revisions, versions and counts as etcd does', async (t) => {
  const { channel } = await startTestMember(t)
  t.equal((await put(channel, 'a', '1')).header?.revision, 2)
  t.equal((await put(channel, 'a', '2')).header?.revision, 3)
  await put(channel, 'b', 'x')
  const { kvs, count, more, header } = await channel.unary(KVService.Range, {
    key: 'a',
    rangeEnd: 'z',
    limit: 1,
  })
  t.match(kvs, [{ key: 'a', value: '2', createRevision: 2, modRevision: 3, version: 2 }])
  t.equal(count, 2)
  t.equal(more, true)
  t.equal(header?.revision, 4)
  t.ok(header!.raftTerm > 0)
  const old = await channel.unary(KVService.Range, { key: 'a', revision: 2 })
  t.equal(old.kvs[0]?.value, '1')
})

t.test('bytes that are no text come back as they were', async (t) => {
  const { channel } = await startTestMember(t)
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))
  await put(channel, all, all)
  t.equal(await get(channel, all), all)
})

t.test('everything is there again after a restart', async (t) => {
  const directory = temporaryDirectory(t)
  const first = await startTestMember(t, { directory })
  await put(first.channel, 'kept', 'yes')
  const { ID } = await first.channel.unary(LeaseService.LeaseGrant, { TTL: 1000 })
  await put(first.channel, 'leased', 'yes', ID)
  await first.channel.unary(KVService.DeleteRange, { key: 'gone' })
  await first.channel.unary(KVService.Compact, { revision: 2 })
  const status = await first.channel.unary(MaintenanceService.Status, {})
  await first.stop()
  const second = await startTestMember(t, { directory })
  t.equal(await get(second.channel, 'kept'), 'yes')
  const after = await second.channel.unary(MaintenanceService.Status, {})
  t.equal(after.header?.memberId, status.header?.memberId)
  t.equal(after.header?.revision, status.header?.revision)
  const time = await second.channel.unary(LeaseService.LeaseTimeToLive, { ID, keys: true })
  t.same(time.keys, ['leased'])
  t.equal(time.grantedTTL, 1000)
})

t.test('a restart reads a snapshot and the log behind it', async (t) => {
  const directory = temporaryDirectory(t)
  const first = await startTestMember(t, { directory, flags: ['--snapshot-count=50'] })
  for (let i = 0; i < 200; i++) await put(first.channel, `k${i % 20}`, String(i))
  await first.channel.unary(KVService.Compact, { revision: 100 })
  const { ID } = await first.channel.unary(LeaseService.LeaseGrant, { TTL: 500 })
  for (let i = 0; i < 100; i++) await put(first.channel, `k${i % 20}`, `again ${i}`, ID)
  const before = await first.channel.unary(KVService.Range, { key: 'k', rangeEnd: 'l' })
  await first.stop()
  t.ok(readdirSync(join(directory, 'member/snap')).length > 0, 'there is a snapshot')
  const second = await startTestMember(t, { directory })
  const after = await second.channel.unary(KVService.Range, { key: 'k', rangeEnd: 'l' })
  t.same(after.kvs, before.kvs)
  await t.rejects(
    second.channel.unary(KVService.Range, { key: 'k1', revision: 99 }),
    /required revision has been compacted/,
  )
  const old = await second.channel.unary(KVService.Range, { key: 'k19', revision: 150 })
  t.equal(old.kvs[0]?.modRevision, 141, 'history after the compaction is there')
  const watch = new TestWatch(second.channel)
  watch.create({ key: 'k', rangeEnd: 'l', startRevision: 250 })
  const events = await watch.events(50)
  t.equal(events[0]?.kv?.modRevision, 250, 'and can be watched from')
  watch.close()
})

t.test('a refused request says so in the words of etcd', async (t) => {
  const { channel } = await startTestMember(t)
  await put(channel, 'a', '1')
  const refusals: [() => Promise<unknown>, number, string][] = [
    [() => channel.unary(KVService.Put, { key: '' }), 3, 'key is not provided'],
    [() => channel.unary(KVService.Range, { key: '' }), 3, 'key is not provided'],
    [() => channel.unary(KVService.Range, { key: 'a', sortOrder: 9 }), 3, 'invalid sort option'],
    [() => put(channel, 'b', '1', 77n), 5, 'requested lease not found'],
    [() => channel.unary(KVService.Put, { key: 'x', ignoreValue: true }), 3, 'key not found'],
    [
      () => channel.unary(KVService.Put, { key: 'a', value: 'v', ignoreValue: true }),
      3,
      'value is provided',
    ],
    [
      () => channel.unary(KVService.Range, { key: 'a', revision: 99 }),
      11,
      'mvcc: required revision is a future revision',
    ],
    [
      () => channel.unary(KVService.Compact, { revision: 99 }),
      11,
      'mvcc: required revision is a future revision',
    ],
    [() => channel.unary(LeaseService.LeaseRevoke, { ID: 5n }), 5, 'requested lease not found'],
    [
      () => channel.unary(LeaseService.LeaseGrant, { TTL: 9_000_000_001 }),
      11,
      'too large lease TTL',
    ],
    [() => put(channel, 'big', 'x'.repeat(1_600_000)), 3, 'request is too large'],
  ]
  for (const [call, code, text] of refusals) {
    await t.rejects(call(), { code, message: `etcdserver: ${text}` })
  }
  const { header } = await channel.unary(KVService.Range, { key: 'a' })
  t.equal(header?.revision, 2, 'and nothing was changed')
})

t.test("kube-apiserver's ways to write: create, guarded update, guarded delete", async (t) => {
  const { channel } = await startTestMember(t)
  const key = '/registry/pods/default/web'
  const guarded = (modRevision: number, value: string) =>
    channel.unary(KVService.Txn, {
      compare: [
        {
          key,
          target: CompareCompareTarget.MOD,
          result: CompareCompareResult.EQUAL,
          modRevision,
        },
      ],
      success: [value === '' ? { requestDeleteRange: { key } } : { requestPut: { key, value } }],
      failure: [{ requestRange: { key } }],
    })
  const created = await guarded(0, 'v1')
  t.ok(created.succeeded)
  const again = await guarded(0, 'v1')
  t.notOk(again.succeeded, 'it exists already')
  t.match(again.responses[0]?.responseRange?.kvs, [{ value: 'v1', modRevision: 2 }])
  t.ok((await guarded(2, 'v2')).succeeded)
  t.notOk((await guarded(2, '')).succeeded, 'the revision moved on')
  const deleted = await guarded(3, '')
  t.equal(deleted.responses[0]?.responseDeleteRange?.deleted, 1)
  t.equal(deleted.header?.revision, 4)
})

t.test('a list in pages at one revision does not see later writes', async (t) => {
  const { channel } = await startTestMember(t)
  for (const name of ['a', 'b', 'c', 'd', 'e']) await put(channel, `/r/${name}`, 'old')
  const page = (key: string, revision: number) =>
    channel.unary(KVService.Range, { key, rangeEnd: '/r0', limit: 2, revision })
  const first = await page('/r/', 0)
  const revision = first.header!.revision
  await put(channel, '/r/c', 'new')
  await put(channel, '/r/f', 'new')
  const second = await page(`${first.kvs.at(-1)!.key}\0`, revision)
  t.same(
    second.kvs.map(({ key, value }) => [key, value]),
    [
      ['/r/c', 'old'],
      ['/r/d', 'old'],
    ],
  )
  t.equal(second.count, 3)
  t.ok(second.more)
})

t.test('a watch brings changes with what was before, and says how far it is', async (t) => {
  const { channel } = await startTestMember(t)
  const watch = new TestWatch(channel)
  watch.create({ key: 'k', prevKv: true })
  t.match(await watch.next(), { created: true, watchId: 0 })
  await put(channel, 'k', '1')
  await put(channel, 'k', '2')
  await channel.unary(KVService.DeleteRange, { key: 'k' })
  const events = await watch.events(3)
  t.match(events, [
    { type: 0, kv: { value: '1', version: 1 }, prevKv: undefined },
    { type: 0, kv: { value: '2', version: 2 }, prevKv: { value: '1' } },
    { type: 1, kv: { key: 'k', modRevision: 4, version: 0 }, prevKv: { value: '2' } },
  ])
  await put(channel, 'other', 'x')
  watch.askProgress()
  const progress = await watch.next()
  t.equal(progress.watchId, -1)
  t.equal(progress.header?.revision, 5)
  t.same(progress.events, [])
  watch.cancel(0)
  t.match(await watch.next(), { canceled: true, watchId: 0 })
  watch.close()
})

t.test('a watch that asks for it is told of progress while nothing happens', async (t) => {
  const { channel } = await startTestMember(t, {
    flags: ['--watch-progress-notify-interval=100ms'],
  })
  const watch = new TestWatch(channel)
  watch.create({ key: 'quiet', progressNotify: true })
  t.ok((await watch.next()).created)
  await put(channel, 'other', 'x')
  const notice = await watch.next()
  t.equal(notice.watchId, 0)
  t.same(notice.events, [])
  t.equal(notice.header?.revision, 2)
  watch.close()
})

t.test('a watch from a compacted revision is cancelled with that revision', async (t) => {
  const { channel } = await startTestMember(t)
  for (let i = 0; i < 5; i++) await put(channel, 'k', String(i))
  await channel.unary(KVService.Compact, { revision: 5 })
  const watch = new TestWatch(channel)
  watch.create({ key: 'k', startRevision: 2 })
  t.ok((await watch.next()).created)
  t.match(await watch.next(), { canceled: true, compactRevision: 5 })
  watch.close()
})

t.test(
  'a deletion at the compacted revision is told also after a restart from a snapshot',
  async (t) => {
    const options = { directory: temporaryDirectory(t), flags: ['--snapshot-count=10'] }
    const first = await startTestMember(t, options)
    await put(first.channel, 'k', 'here')
    const { header } = await first.channel.unary(KVService.DeleteRange, { key: 'k' })
    const { revision } = header!
    await first.channel.unary(KVService.Compact, { revision })
    for (let i = 0; i < 50; i++) await put(first.channel, 'other', String(i))
    await first.stop()
    const second = await startTestMember(t, options)
    const watch = new TestWatch(second.channel)
    watch.create({ key: 'k', startRevision: revision })
    t.ok((await watch.next()).created)
    t.match((await watch.next()).events, [{ kv: { key: 'k', modRevision: revision, version: 0 } }])
    watch.close()
  },
)

t.test('large events are cut into fragments for who asks for it', async (t) => {
  const { channel } = await startTestMember(t)
  const big = 'x'.repeat(900_000)
  const watch = new TestWatch(channel)
  for (const key of ['a', 'b', 'c']) await put(channel, key, big)
  watch.create({ key: 'a', rangeEnd: 'z', startRevision: 2, fragment: true })
  t.ok((await watch.next()).created)
  const pieces = [await watch.next(), await watch.next(), await watch.next()]
  t.same(
    pieces.map(({ fragment, events }) => [fragment, events.length]),
    [
      [true, 1],
      [true, 1],
      [false, 1],
    ],
  )
  watch.close()
})

t.test('keys go with their lease', async (t) => {
  const { channel } = await startTestMember(t, {
    flags: ['--heartbeat-interval=20', '--election-timeout=100'],
  })
  const watch = new TestWatch(channel)
  watch.create({ key: 'k' })
  t.ok((await watch.next()).created)
  const { TTL } = await channel.unary(LeaseService.LeaseGrant, { TTL: 1 })
  t.equal(TTL, 1)
  const ID = await putBriefly(channel, 'k')
  const events = await watch.events(2)
  t.equal(events[1]?.type, 1, 'deleted')
  const time = await channel.unary(LeaseService.LeaseTimeToLive, { ID })
  t.equal(time.TTL, -1)
  watch.close()
})

t.test(
  'a quota that is used up raises the alarm, and compaction with disarming ends it',
  async (t) => {
    const { channel } = await startTestMember(t, { flags: ['--quota-backend-bytes=20000'] })
    const value = 'x'.repeat(1000)
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) await put(channel, 'k', value)
    }
    const noSpace = { code: 8, message: 'etcdserver: mvcc: database space exceeded' }
    const listed = (): Promise<{ alarms: unknown[] }> =>
      channel.unary(MaintenanceService.Alarm, { action: 0 })
    await t.rejects(fill(), noSpace)
    t.equal((await listed()).alarms.length, 1, 'it is raised before anybody is refused')
    await t.rejects(put(channel, 'small', ''), noSpace)
    await t.rejects(channel.unary(LeaseService.LeaseGrant, { TTL: 10 }), noSpace)
    t.equal(await get(channel, 'k'), value, 'reading goes on')
    const { alarms } = await channel.unary(MaintenanceService.Alarm, { action: 0 })
    t.match(alarms, [{ alarm: 1 }])
    const { revision } = (await channel.unary(KVService.Range, { key: 'k' })).header!
    await channel.unary(KVService.Compact, { revision })
    await channel.unary(MaintenanceService.Alarm, { action: 2, ...alarms[0] })
    await put(channel, 'k', 'fits again')
  },
)

t.test('lists its members and tells how it is', async (t) => {
  const { channel, server } = await startTestMember(t, {
    flags: ['--name=alone', '--initial-cluster=alone=http://127.0.0.1:2380'],
  })
  const { members } = await channel.unary(ClusterService.MemberList, { linearizable: true })
  t.match(members, [{ name: 'alone', peerURLs: ['http://127.0.0.1:2380'], isLearner: false }])
  const status = await channel.unary(MaintenanceService.Status, {})
  t.equal(status.leader, members[0]?.ID)
  const base = `http://127.0.0.1:${server.metricsPorts[0]}`
  t.same(await (await fetch(`${base}/health`)).json(), { health: 'true', reason: '' })
  t.equal(await (await fetch(`${base}/livez`)).text(), 'ok\n')
  t.match(await (await fetch(`${base}/readyz?verbose`)).text(), /\[\+\]linearizable_read ok/)
  t.match(await (await fetch(`${base}/metrics`)).text(), /^etcd_server_has_leader 1$/m)
  const client = `http://127.0.0.1:${server.clientPorts[0]}`
  t.match(await (await fetch(`${client}/version`)).json(), { etcdserver: '3.6.8' })
})
