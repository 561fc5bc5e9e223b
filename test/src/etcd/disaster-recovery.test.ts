// Every step of docs/etcd-backup-and-recovery.md, in its order.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { findProgram, needs } from '../support/programs.ts'
import { run, succeed } from '../support/run.ts'
import { EtcdGroup, freePorts, kemuEtcd } from './etcd-group.ts'
import type { GroupMember } from './etcd-group.ts'
import { etcdctlEnvironment } from './etcdctl.ts'

const skip = needs('etcdctl')

class Drill {
  readonly directory: string
  readonly group: EtcdGroup

  private constructor(directory: string, group: EtcdGroup) {
    this.directory = directory
    this.group = group
  }

  /** Members on ports of their own, not started yet. */
  static async prepare(t: Test, members: number): Promise<Drill> {
    const directory = mkdtempSync(join(tmpdir(), 'kemu-drill-'))
    const ports = await freePorts(members)
    const group = new EtcdGroup({ program: kemuEtcd, directory, ports })
    t.teardown(async () => {
      await group.close()
      rmSync(directory, { recursive: true, force: true })
    })
    return new Drill(directory, group)
  }

  etcdctl(members: readonly GroupMember[], ...args: readonly string[]): Promise<string> {
    const endpoints = members.map(({ endpoint }) => endpoint).join(',')
    return succeed(findProgram('etcdctl')!, args, { env: etcdctlEnvironment(endpoints) })
  }

  async ready(members: readonly GroupMember[]): Promise<void> {
    await eventually('every member serves', () =>
      this.etcdctl(members, 'endpoint', 'health').then(() => true),
    )
  }

  kemu(...args: readonly string[]): Promise<string> {
    return succeed(kemuEtcd.command, [...kemuEtcd.args, ...args])
  }

  read(member: GroupMember, key: string): Promise<string> {
    return this.etcdctl([member], 'get', key, '--print-value-only')
  }
}

t.test('backup, and restore into a new cluster of three', { skip }, async (t) => {
  const old = await Drill.prepare(t, 1)
  old.group.start()
  const [only] = old.group.members
  await old.ready([only!])
  await old.etcdctl([only!], 'put', 'name', 'value')
  const saved = join(old.directory, 'saved.db')
  await old.etcdctl([only!], 'snapshot', 'save', saved)
  await old.etcdctl([only!], 'put', 'name', 'later')
  const status = await old.kemu('status', saved, '--write-out', 'json')
  t.match(JSON.parse(status), { revision: 2, totalKey: 1 })

  const fresh = await Drill.prepare(t, 3)
  const { members } = fresh.group
  const cluster = members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join()
  for (const { name, peerUrl, dataDir } of members) {
    await fresh.kemu(
      'restore',
      saved,
      `--name=${name}`,
      `--data-dir=${dataDir}`,
      `--initial-cluster=${cluster}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
    )
  }
  fresh.group.start()
  await fresh.ready(members)
  for (const member of members) t.equal(await fresh.read(member, 'name'), 'value\n', member.name)
  const list = await fresh.etcdctl(members, 'member', 'list')
  t.equal(list.trim().split('\n').length, 3, 'the members of the old cluster stayed behind')
})

t.test('one of three members is replaced', { skip }, async (t) => {
  const drill = await Drill.prepare(t, 3)
  const { group } = drill
  const [m1, m2, m3] = group.start().members
  await drill.ready(group.members)
  await drill.etcdctl([m1!], 'put', 'before', 'x')
  await group.stop(m3!, 'SIGKILL')
  rmSync(m3!.dataDir, { recursive: true })
  // It may have led.
  await drill.ready([m1!, m2!])
  const list = await drill.etcdctl([m1!], 'member', 'list')
  const [, id] = /^(\w+), started, m3,/m.exec(list)!
  await drill.etcdctl([m1!], 'member', 'remove', id!)
  await drill.etcdctl([m1!], 'member', 'add', 'm3', `--peer-urls=${m3!.peerUrl}`)
  group.run(m3!, group.members, ['--initial-cluster-state=existing'])
  await drill.ready([m1!, m2!, m3!])
  t.equal(await drill.read(m3!, 'before'), 'x\n')
  const hashes = JSON.parse(
    await drill.etcdctl(group.members, 'endpoint', 'hashkv', '-w', 'json'),
  ) as { HashKV: { hash: number } }[]
  t.equal(new Set(hashes.map(({ HashKV }) => HashKV.hash)).size, 1, 'all three hold the same')
})

t.test('the quorum is lost: one member goes on alone and gets new company', { skip }, async (t) => {
  const drill = await Drill.prepare(t, 4)
  const { group } = drill
  const [m1, m2, m3, m4] = group.start(3).members
  const founders = [m1!, m2!, m3!]
  await drill.ready(founders)
  await drill.etcdctl([m1!], 'put', 'before', 'x')
  await eventually('the survivor has it', async () => {
    const own = await drill.etcdctl([m1!], 'get', 'before', '--consistency=s')
    return own === '' ? undefined : true
  })
  for (const member of founders) await group.stop(member, 'SIGKILL')
  for (const lost of [m2!, m3!]) rmSync(lost.dataDir, { recursive: true })
  group.run(m1!, founders, ['--force-new-cluster'])
  await drill.ready([m1!])
  t.equal(await drill.read(m1!, 'before'), 'x\n')
  t.equal((await drill.etcdctl([m1!], 'member', 'list')).trim().split('\n').length, 1)
  // From now on without the flag.
  await group.stop(m1!)
  group.run(m1!, founders)
  await drill.ready([m1!])
  await drill.etcdctl([m1!], 'member', 'add', 'm4', `--peer-urls=${m4!.peerUrl}`)
  group.run(m4!, [m1!, m4!], ['--initial-cluster-state=existing'])
  await drill.ready([m1!, m4!])
  t.equal(await drill.read(m4!, 'before'), 'x\n')
})

t.test('damage in the middle of the log is refused with its place and the way back', async (t) => {
  const drill = await Drill.prepare(t, 1)
  const { group } = drill
  const [only] = group.start().members
  const grown = await eventually('the log has grown', () => {
    const wal = join(only!.dataDir, 'member/wal')
    const [name] = readdirSync(wal).filter((file) => file.endsWith('.wal'))
    const file = join(wal, name!)
    return readFileSync(file)
      .subarray(0, 200)
      .some((byte, i) => i > 150 && byte !== 0)
      ? file
      : undefined
  })
  await group.stop(only!)
  const bytes = readFileSync(grown)
  bytes[60]! ^= 0xff
  writeFileSync(grown, bytes)
  const outcome = await run(kemuEtcd.command, [
    ...kemuEtcd.args,
    `--name=${only!.name}`,
    `--data-dir=${only!.dataDir}`,
    `--initial-advertise-peer-urls=${only!.peerUrl}`,
  ])
  t.equal(outcome.code, 1)
  t.match(outcome.stdout, grown)
  t.match(outcome.stdout, /offset \d+/)
  t.match(outcome.stdout, /snapshot/)
})
