import { seededRandom, sleep, systemClock } from '@kemu/base'
import { freePorts } from '@kemu/base/testing'
import { CompareCompareTarget, KVService, LeaseService } from '@kemu/rpc/etcd-codec'
import t from 'tap'
import type { Channel } from './grpc/client.ts'
import { checkRegister } from './checkers/register-model.ts'
import type { RegisterInput, RegisterOperation, RegisterOutput } from './checkers/register-model.ts'
import { eventually } from './testing/eventually.ts'
import { TestCluster, withChannel } from './testing/test-cluster.ts'
import { startTestMember, temporaryDirectory } from './testing/test-member.ts'
import type { TestMember } from './testing/test-member.ts'
import { TestWatch } from './testing/test-watch.ts'

// Three processes on a machine that has other things to do.
t.setTimeout(1_200_000)

const quick = ['--heartbeat-interval=40', '--election-timeout=400']

/** More than a member takes to give a request up by itself: what stays without an answer is rare. */
const patienceMs = 20_000

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
      await Promise.race([channel.unary(KVService.Put, { key, value: key }), noAnswer(patienceMs)])
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

/** Asks one key of one member again and again, and remembers what was asked and answered, and when. */
async function recordHistory(
  port: number,
  key: string,
  client: number,
  until: () => boolean,
  onAnswer: () => void,
): Promise<RegisterOperation[]> {
  const history: RegisterOperation[] = []
  const random = seededRandom(client)
  let last: string | undefined
  for (let i = 0; !until(); i++) {
    const value = `${client}.${i}`
    const kinds: RegisterInput[] = [
      { kind: 'put', value },
      { kind: 'get' },
      { kind: 'swap', expected: last, value },
    ]
    const input = kinds[random.int(kinds.length)]!
    let calledAt: number | undefined
    const output = await withChannel(port, (channel) => {
      calledAt = systemClock.monotonicMs()
      return Promise.race([perform(channel, key, input), noAnswer(patienceMs)])
    })
    if (calledAt === undefined) {
      // The member is dead: nothing was asked. Each write of unknown outcome makes the search longer.
      await sleep(systemClock, 20)
      continue
    }
    if (output) onAnswer()
    if (output?.kind === 'value') last = output.value
    const returnedAt = output ? systemClock.monotonicMs() : Number.POSITIVE_INFINITY
    // A read without an answer says nothing.
    if (output || input.kind !== 'get') {
      history.push({ client: `${client}`, input, output, calledAt, returnedAt })
    }
  }
  return history
}

async function perform(
  channel: Channel,
  key: string,
  input: RegisterInput,
): Promise<RegisterOutput> {
  if (input.kind === 'put') {
    await channel.unary(KVService.Put, { key, value: input.value })
    return { kind: 'done' }
  }
  if (input.kind === 'get') {
    const { kvs } = await channel.unary(KVService.Range, { key })
    return { kind: 'value', value: kvs[0]?.value }
  }
  const { expected } = input
  const compare =
    expected === undefined
      ? { key, target: CompareCompareTarget.VERSION, version: 0 }
      : { key, target: CompareCompareTarget.VALUE, value: expected }
  const { succeeded } = await channel.unary(KVService.Txn, {
    compare: [compare],
    success: [{ requestPut: { key, value: input.value } }],
  })
  return { kind: 'swapped', isSwapped: succeeded }
}

t.test('every key stays linearizable while members are killed and stopped', async (t) => {
  const cluster = await TestCluster.start(t, 3, quick)
  const ports = cluster.members.map(({ port }) => port)
  let isOver = false
  const answers = [0, 0]
  // One client for each key and member: when a member is dead or stands still, the others go on.
  const clients = Array.from({ length: 6 }, (_, client) =>
    recordHistory(
      ports[client >> 1]!,
      `k${client % 2}`,
      client,
      () => isOver,
      () => void (answers[client % 2]! += 1),
    ),
  )
  // More than were under way: whatever was done to the members, the others work.
  const moreAnswers = async (): Promise<void> => {
    const before = [...answers]
    while (answers.some((count, key) => count < before[key]! + 10)) await sleep(systemClock, 5)
  }
  for (let round = 0; round < 3; round++) {
    await moreAnswers()
    const leader = await cluster.leader()
    if (round % 2 === 0) {
      await cluster.kill(leader)
      await cluster.leader()
      cluster.run(leader)
    } else {
      // A paused leader wakes up and still believes to lead: it must not answer reads by itself.
      leader.child!.kill('SIGSTOP')
      await moreAnswers()
      leader.child!.kill('SIGCONT')
    }
  }
  await moreAnswers()
  isOver = true
  const histories = await Promise.all(clients)
  for (const key of [0, 1]) {
    const history = histories.filter((_, client) => client % 2 === key).flat()
    const answered = history.filter(({ output }) => output).length
    t.ok(answered > 30, `${answered} of ${history.length} operations were answered`)
    t.equal(checkRegister(history), 'linearizable')
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
      const request = { key: `k${i}`, value: 'x'.repeat(1000) }
      await eventually(() => channel.unary(KVService.Put, request))
    }
  }
  await write(0, 150)
  await cluster.kill(third)
  await write(150, 300)
  cluster.run(third)
  t.equal((await cluster.dump(third)).size, 300, 'by the log, or by a snapshot')
  channel.close()
})

/** Seconds for each renewal, all of one stream and sent at once. */
function renewAll(channel: Channel, ids: readonly bigint[]): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const seconds: number[] = []
    const call = channel.stream(LeaseService.LeaseKeepAlive, {
      onMessage: ({ TTL }) => seconds.push(TTL),
      onEnd: (error) => (error ? reject(error) : resolve(seconds)),
      onDrain: () => {},
    })
    for (const ID of ids) call.write({ ID })
    call.end()
  })
}

t.test(
  'leases are kept alive and watches go on at every member, through a change of the leader',
  async (t) => {
    const cluster = await TestCluster.start(t, 3, quick)
    const leader = await cluster.leader()
    const followers = cluster.members.filter((member) => member !== leader)
    const [one, other] = await Promise.all(followers.map((member) => cluster.connect(member)))
    const grant = () => one!.unary(LeaseService.LeaseGrant, { TTL: 6000 })
    const { ID } = await eventually(grant)
    const leased = { key: 'leased', value: '1', lease: ID }
    await eventually(() => one!.unary(KVService.Put, leased))
    const watch = new TestWatch(other!)
    watch.create({ key: 'leased', startRevision: 2 })
    t.equal((await watch.events(1))[0]?.kv?.value, '1')
    for (const channel of [one!, other!]) {
      t.same(
        await renewAll(channel, [ID, 5n, ID]),
        [6000, 0, 6000],
        'in order, a lease that is gone too',
      )
    }
    await cluster.kill(leader)
    await cluster.leader()
    t.same(await eventually(() => renewAll(other!, [ID])), [6000])
    const ask = () => one!.unary(LeaseService.LeaseTimeToLive, { ID, keys: true })
    const time = await eventually(ask)
    t.same(time.keys, ['leased'])
    t.ok(time.TTL > 5000, 'it begins anew with the new leader')
    await eventually(() => one!.unary(LeaseService.LeaseRevoke, { ID }))
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
  await eventually(() => first.channel.unary(KVService.Put, { key: 'k', value: 'v' }))
  await second.stop()
  await third.stop()
  const local = await first.channel.unary(KVService.Range, { key: 'k', serializable: true })
  t.equal(local.kvs[0]?.value, 'v')
  const timeout = { code: 14, message: 'etcdserver: request timed out' }
  await t.rejects(first.channel.unary(KVService.Range, { key: 'k' }), timeout)
  await t.rejects(first.channel.unary(KVService.Put, { key: 'k' }), timeout)
  const again = await start(1)
  await eventually(() => again.server.member.whenReadable())
  await eventually(() => first.channel.unary(KVService.Put, { key: 'k', value: 'again' }))
})
