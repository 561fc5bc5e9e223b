import { sleep, systemClock } from '@kemu/base'
import { KVService, LeaseService } from '@kemu/rpc/etcd-codec'
import t from 'tap'
import type { Channel } from './grpc/client.ts'
import { freePorts, TestCluster, withChannel } from './testing/test-cluster.ts'
import { startTestMember, temporaryDirectory } from './testing/test-member.ts'
import type { TestMember } from './testing/test-member.ts'
import { TestWatch } from './testing/test-watch.ts'

// Three processes on a machine that has other things to do.
t.setTimeout(400_000)

const quick = ['--heartbeat-interval=40', '--election-timeout=400']

async function noAnswer(afterMs: number): Promise<never> {
  await sleep(systemClock, afterMs)
  throw new Error('no answer')
}

/** Puts one key after the other to whichever member takes it, and remembers what was acknowledged. */
class Writer {
  readonly acknowledged = new Map<string, string>()
  #isStopped = false
  #count = 0
  readonly #prefix: string
  readonly #ports: readonly number[]
  readonly done: Promise<void>

  constructor(prefix: string, ports: readonly number[]) {
    this.#prefix = prefix
    this.#ports = ports
    this.done = this.#run()
  }

  stop(): Promise<void> {
    this.#isStopped = true
    return this.done
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#isStopped; turn++) {
      const port = this.#ports[turn % this.#ports.length]!
      await withChannel(port, (channel) => this.#writeTo(channel))
      await sleep(systemClock, 5)
    }
  }

  async #writeTo(channel: Channel): Promise<void> {
    while (!this.#isStopped) {
      const key = `${this.#prefix}${this.#count++}`
      await Promise.race([channel.unary(KVService.Put, { key, value: key }), noAnswer(300)])
      this.acknowledged.set(key, key)
    }
  }
}

t.test('no acknowledged write is lost when the leader is killed ten times', async (t) => {
  const cluster = await TestCluster.start(t, 3, [...quick, '--snapshot-count=500'])
  const ports = cluster.members.map(({ port }) => port)
  const writers = ['a', 'b', 'c', 'd'].map((prefix) => new Writer(prefix, ports))
  const acknowledged = (): number =>
    writers.reduce((sum, writer) => sum + writer.acknowledged.size, 0)
  for (let round = 0; round < 10; round++) {
    const before = acknowledged()
    const leader = await cluster.leader()
    while (acknowledged() < before + 5) await sleep(systemClock, 5)
    await cluster.kill(leader)
    const then = acknowledged()
    await cluster.leader()
    while (acknowledged() < then + 5) await sleep(systemClock, 5)
    cluster.run(leader)
  }
  await Promise.all(writers.map((writer) => writer.stop()))
  t.comment(`${acknowledged()} writes were acknowledged`)
  for (const member of cluster.members) {
    const found = await cluster.dump(member)
    for (const { acknowledged } of writers) {
      const lost = [...acknowledged.keys()].filter((key) => !found.has(key))
      t.same(lost, [], `${member.name} has everything`)
    }
  }
})

t.test('a member that was away catches up', async (t) => {
  const cluster = await TestCluster.start(t, 3, [...quick, '--snapshot-count=100'])
  const [first, , third] = cluster.members as [
    TestCluster['members'][0],
    TestCluster['members'][0],
    TestCluster['members'][0],
  ]
  const channel = await cluster.connect(first)
  const write = async (from: number, to: number): Promise<void> => {
    for (let i = from; i < to; i++) {
      await channel.unary(KVService.Put, { key: `k${i}`, value: 'x'.repeat(1000) })
    }
  }
  await write(0, 150)
  await cluster.kill(third)
  await write(150, 300)
  cluster.run(third)
  t.equal((await cluster.dump(third)).size, 300, 'by the log, or by a snapshot')
  channel.close()
})

t.test(
  'leases are kept alive and watches go on at every member, through a change of the leader',
  async (t) => {
    const cluster = await TestCluster.start(t, 3, quick)
    const leader = await cluster.leader()
    const followers = cluster.members.filter((member) => member !== leader)
    const [one, other] = await Promise.all(followers.map((member) => cluster.connect(member)))
    const { ID } = await one!.unary(LeaseService.LeaseGrant, { TTL: 60 })
    await one!.unary(KVService.Put, { key: 'leased', value: '1', lease: ID })
    const watch = new TestWatch(other!)
    watch.create({ key: 'leased', startRevision: 2 })
    t.equal((await watch.events(1))[0]?.kv?.value, '1')
    await cluster.kill(leader)
    await cluster.leader()
    const time = await one!.unary(LeaseService.LeaseTimeToLive, { ID, keys: true })
    t.same(time.keys, ['leased'])
    t.ok(time.TTL > 50, 'it begins anew with the new leader')
    await one!.unary(LeaseService.LeaseRevoke, { ID })
    t.equal((await watch.events(1))[0]?.type, 1)
    watch.close()
    one!.close()
    other!.close()
  },
)

t.test('a minority answers serializable reads and refuses the others in time', async (t) => {
  const peers = await freePorts(3)
  const cluster = peers.map((port, i) => `m${i + 1}=http://127.0.0.1:${port}`).join()
  const start = (i: number): Promise<TestMember> =>
    startTestMember(t, {
      directory: directories[i]!,
      flags: [
        `--name=m${i + 1}`,
        `--listen-peer-urls=http://127.0.0.1:${peers[i]}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${peers[i]}`,
        `--initial-cluster=${cluster}`,
        ...quick,
      ],
      deps: { requestTimeoutBaseMs: 200 },
    })
  const directories = peers.map(() => temporaryDirectory(t))
  const [first, second, third] = await Promise.all([start(0), start(1), start(2)])
  await first.channel.unary(KVService.Put, { key: 'k', value: 'v' })
  await second.stop()
  await third.stop()
  const local = await first.channel.unary(KVService.Range, { key: 'k', serializable: true })
  t.equal(local.kvs[0]?.value, 'v')
  const timeout = { code: 14, message: 'etcdserver: request timed out' }
  await t.rejects(first.channel.unary(KVService.Range, { key: 'k' }), timeout)
  await t.rejects(first.channel.unary(KVService.Put, { key: 'k' }), timeout)
  const again = await start(1)
  await again.server.member.whenReadable()
  await first.channel.unary(KVService.Put, { key: 'k', value: 'again' })
})
