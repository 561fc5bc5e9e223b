import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseFlags, systemClock } from '@kemu/base'
import { freePorts } from '@kemu/base/testing'
import { ClusterService, KVService, LeaseService, MaintenanceService } from '@kemu/rpc/etcd-codec'
import t from 'tap'
import { parseConfig } from '../config.ts'
import { etcdFlags } from '../flags.ts'
import type { Channel } from '../grpc/client.ts'
import { eventually } from '../testing/eventually.ts'
import { startTestMember, temporaryDirectory } from '../testing/test-member.ts'
import { restore, statusOf } from './restore.ts'

t.setTimeout(1_200_000)

/** What `etcdctl snapshot save` does. */
function save(channel: Channel, file: string): Promise<void> {
  const blobs: Buffer[] = []
  return new Promise((resolve, reject) => {
    const call = channel.stream(MaintenanceService.Snapshot, {
      onMessage: ({ blob }) => blobs.push(Buffer.from(blob, 'latin1')),
      onEnd: (error) => {
        if (error) return reject(error)
        writeFileSync(file, Buffer.concat(blobs))
        resolve()
      },
      onDrain: () => {},
    })
    call.write({})
    call.end()
  })
}

t.test('a saved snapshot becomes a new cluster with the same contents', async (t) => {
  const directory = temporaryDirectory(t)
  const file = join(directory, 'saved.db')
  const first = await startTestMember(t)
  for (let i = 0; i < 500; i++) {
    await first.channel.unary(KVService.Put, { key: `k${i % 100}`, value: 'x'.repeat(2000) })
  }
  const { ID } = await first.channel.unary(LeaseService.LeaseGrant, { TTL: 777 })
  await first.channel.unary(KVService.Put, { key: 'leased', value: 'v', lease: ID })
  await first.channel.unary(KVService.Compact, { revision: 300 })
  await save(first.channel, file)
  const bytes = readFileSync(file)
  t.equal(bytes.length % 512, 32, 'as etcdctl wants it')
  const { hash } = await first.channel.unary(MaintenanceService.HashKV, {})
  t.match(statusOf(file, systemClock), { revision: 502, totalKey: 101, hash })
  const dataDir = join(directory, 'new')
  const args = [`--data-dir=${dataDir}`, '--name=n', '--initial-cluster=n=http://localhost:9999']
  await restore(parseConfig(parseFlags(etcdFlags, args)), file, false, systemClock)
  const second = await startTestMember(t, { directory: dataDir })
  const again = await second.channel.unary(MaintenanceService.HashKV, {})
  t.equal(again.hash, hash)
  t.equal(again.header?.revision, 502)
  t.not(again.header?.clusterId, first.server.member.clusterId, 'it is another cluster')
  const { members } = await second.channel.unary(ClusterService.MemberList, {})
  t.same(members[0]?.peerURLs, ['http://localhost:9999'])
  const time = await second.channel.unary(LeaseService.LeaseTimeToLive, { ID, keys: true })
  t.match(time, { grantedTTL: 777, keys: ['leased'] })
  await second.channel.unary(KVService.Put, { key: 'and', value: 'on' })
  await second.stop()
  const third = await startTestMember(t, { directory: dataDir })
  const { kvs } = await third.channel.unary(KVService.Range, { key: 'and' })
  t.equal(kvs[0]?.modRevision, 503)
})

t.test('a snapshot that was cut or changed is refused, and so is a directory in use', async (t) => {
  const directory = temporaryDirectory(t)
  const file = join(directory, 'saved.db')
  const { channel } = await startTestMember(t)
  await channel.unary(KVService.Put, { key: 'k', value: 'v' })
  await save(channel, file)
  const config = (name: string) =>
    parseConfig(parseFlags(etcdFlags, [`--data-dir=${join(directory, name)}`]))
  await t.rejects(restore(config('.'), file, false, systemClock), /not empty/)
  const bytes = readFileSync(file)
  bytes[40]! ^= 1
  writeFileSync(file, bytes)
  await t.rejects(restore(config('a'), file, false, systemClock), /does not fit its SHA-256/)
  await t.rejects(restore(config('b'), file, true, systemClock), /is corrupt at offset/)
  await t.rejects(restore(config('c'), join(directory, 'no'), false, systemClock), /does not exist/)
})

t.test('one member goes on alone after the quorum is lost', async (t) => {
  const directories = [0, 1, 2].map(() => temporaryDirectory(t))
  const ports = await freePorts(3)
  const cluster = ports.map((port, i) => `m${i}=http://127.0.0.1:${port}`).join()
  const start = (i: number, ...extra: string[]) =>
    startTestMember(t, {
      directory: directories[i]!,
      flags: [
        `--name=m${i}`,
        `--listen-peer-urls=http://127.0.0.1:${ports[i]}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${ports[i]}`,
        `--initial-cluster=${cluster}`,
        '--heartbeat-interval=50',
        '--election-timeout=1000',
        ...extra,
      ],
    })
  const members = await Promise.all([start(0), start(1), start(2)])
  const { channel } = members[0]
  for (let i = 0; i < 50; i++) {
    await eventually(() => channel.unary(KVService.Put, { key: `k${i}`, value: 'v' }))
  }
  await eventually(() => channel.unary(KVService.Range, { key: 'k0' }))
  await Promise.all(members.map((member) => member.stop()))
  const alone = await start(0, '--force-new-cluster')
  t.equal((await alone.channel.unary(KVService.Range, { key: 'k', rangeEnd: 'l' })).count, 50)
  await alone.channel.unary(KVService.Put, { key: 'k50', value: 'alone' })
  const { members: left } = await alone.channel.unary(ClusterService.MemberList, {})
  t.equal(left.length, 1)
  await alone.stop()
  const again = await start(0)
  t.equal((await again.channel.unary(KVService.Range, { key: 'k', rangeEnd: 'l' })).count, 51)
})
