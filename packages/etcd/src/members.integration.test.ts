import { join } from 'node:path'
import { sleep, systemClock } from '@kemu/base'
import { freePorts } from '@kemu/base/testing'
import { ClusterService, KVService, MaintenanceService } from '@kemu/rpc/etcd-codec'
import t from 'tap'
import { eventually } from './testing/eventually.ts'
import { startTestMember, temporaryDirectory } from './testing/test-member.ts'
import type { TestMember } from './testing/test-member.ts'

t.setTimeout(1_200_000)

type Teardown = Parameters<typeof startTestMember>[0]

/** All members live in this process: what stops it for a moment must not cost the leader. */
const quick = ['--heartbeat-interval=50', '--election-timeout=1000']

/** Members of one cluster by number; the first founds it, the others join. */
class Growing {
  readonly #t: Teardown
  readonly #directory: string
  readonly #ports: readonly number[]
  readonly #members: string[] = []
  readonly #flags: readonly string[]

  private constructor(
    t: Teardown,
    directory: string,
    ports: readonly number[],
    flags: readonly string[],
  ) {
    this.#flags = flags
    this.#t = t
    this.#directory = directory
    this.#ports = ports
  }

  static async create(t: Teardown, flags: readonly string[] = []): Promise<Growing> {
    return new Growing(t, temporaryDirectory(t), await freePorts(5), flags)
  }

  url(i: number): string {
    return `http://127.0.0.1:${this.#ports[i]}`
  }

  start(i: number): Promise<TestMember> {
    const name = `m${i}`
    const self = `${name}=${this.url(i)}`
    if (!this.#members.includes(self)) this.#members.push(self)
    return startTestMember(this.#t, {
      directory: join(this.#directory, name),
      flags: [
        `--name=${name}`,
        `--listen-peer-urls=${this.url(i)}`,
        `--initial-advertise-peer-urls=${this.url(i)}`,
        `--initial-cluster=${this.#members.join()}`,
        `--initial-cluster-state=${i === 0 ? 'new' : 'existing'}`,
        ...quick,
        ...this.#flags,
      ],
    })
  }
}

function put({ channel }: TestMember, key: string, value: string): Promise<unknown> {
  return channel.unary(KVService.Put, { key, value })
}

function add({ channel }: TestMember, url: string): Promise<unknown> {
  return channel.unary(ClusterService.MemberAdd, { peerURLs: [url] })
}

function remove({ channel }: TestMember, ID: bigint): Promise<unknown> {
  return channel.unary(ClusterService.MemberRemove, { ID })
}

async function caughtUp(member: TestMember, key: string, value: string): Promise<void> {
  for (;;) {
    const request = { key, serializable: true }
    const { kvs } = await member.channel.unary(KVService.Range, request)
    if (kvs[0]?.value === value) return
    await sleep(systemClock, 10)
  }
}

t.test('grows from one member to three, by a learner too, and shrinks again', async (t) => {
  const cluster = await Growing.create(t)
  const first = await cluster.start(0)
  await first.channel.unary(KVService.Put, { key: 'k', value: 'before' })
  const added = await first.channel.unary(ClusterService.MemberAdd, {
    peerURLs: [cluster.url(1)],
    isLearner: true,
  })
  t.match(added.member, { name: '', isLearner: true })
  t.equal(added.members.length, 2)
  await t.rejects(first.channel.unary(ClusterService.MemberAdd, { peerURLs: [cluster.url(1)] }), {
    code: 9,
    message: /already exist/,
  })
  const id = added.member!.ID
  const second = await cluster.start(1)
  const refusal = { code: 9, message: 'etcdserver: rpc not supported for learner' }
  const readOfAll = () => second.channel.unary(KVService.Range, { key: 'k' })
  await t.rejects(readOfAll(), refusal, 'also before its own log names it')
  await caughtUp(second, 'k', 'before')
  await t.rejects(readOfAll(), refusal)
  t.ok((await second.channel.unary(MaintenanceService.Status, {})).isLearner)
  await eventually(() => first.channel.unary(ClusterService.MemberPromote, { ID: id }))
  await eventually(() => put(first, 'k', 'by two'))
  const { kvs } = await eventually(() => second.channel.unary(KVService.Range, { key: 'k' }))
  t.equal(kvs[0]?.value, 'by two')
  await eventually(() =>
    first.channel.unary(ClusterService.MemberAdd, { peerURLs: [cluster.url(2)] }),
  )
  const third = await cluster.start(2)
  await caughtUp(third, 'k', 'by two')
  const list = () => third.channel.unary(ClusterService.MemberList, { linearizable: true })
  const { members } = await eventually(list)
  t.same(
    members.map(({ isLearner }) => isLearner),
    [false, false, false],
  )
  // The leader itself goes; the others elect one of them.
  await eventually(() =>
    second.channel.unary(ClusterService.MemberRemove, { ID: first.server.member.id }),
  )
  await first.server.removed
  await first.stop()
  // What is sent to a leader that is gone is lost, and its outcome unknown until it times out.
  while ([0n, first.server.member.id].includes(second.server.member.leaderId)) {
    await sleep(systemClock, 10)
  }
  await eventually(() => second.channel.unary(KVService.Put, { key: 'k', value: 'without' }))
  await caughtUp(third, 'k', 'without')
  const rest = await eventually(list)
  t.equal(rest.members.length, 2)
})

t.test('a new member gets everything, also what the log does not hold any more', async (t) => {
  const cluster = await Growing.create(t)
  const first = await cluster.start(0)
  for (let i = 0; i < 300; i++) {
    await first.channel.unary(KVService.Put, { key: `k${i}`, value: 'x'.repeat(5000) })
  }
  await first.channel.unary(ClusterService.MemberAdd, { peerURLs: [cluster.url(1)] })
  const second = await cluster.start(1)
  await caughtUp(second, 'k299', 'x'.repeat(5000))
  const hash = (member: TestMember) =>
    member.channel.unary(KVService.Range, { key: 'k', rangeEnd: 'l', serializable: true })
  t.same((await hash(second)).kvs, (await hash(first)).kvs)
  await second.stop()
  const again = await cluster.start(1)
  await caughtUp(again, 'k299', 'x'.repeat(5000))
  t.pass('and has it after a restart')
})

t.test('a member that was away while all others were replaced comes back', async (t) => {
  const cluster = await Growing.create(t, ['--strict-reconfig-check=false'])
  const members = [await cluster.start(0)]
  for (const i of [1, 2]) {
    await eventually(() => add(members[0]!, cluster.url(i)))
    members.push(await cluster.start(i))
    await eventually(() => put(members[i]!, 'k', `${i}`))
  }
  await caughtUp(members[2]!, 'k', '2')
  await members[2]!.stop()
  for (const i of [3, 4]) {
    await eventually(() => add(members[1]!, cluster.url(i)))
    members[i] = await cluster.start(i)
    await eventually(() => put(members[i]!, 'k', `${i}`))
    const gone = members[i - 3]!
    await eventually(() => remove(members[i]!, gone.server.member.id))
    await gone.server.removed
    await gone.stop()
    await eventually(() => put(members[i]!, 'k', `without ${i - 3}`))
  }
  // Of those that it knows nobody is left, and it has to answer who leads now.
  const again = await cluster.start(2)
  await caughtUp(again, 'k', 'without 1')
  await members[3]!.stop()
  await eventually(() => put(again, 'k', 'needs all that are left'))
  await caughtUp(again, 'k', 'needs all that are left')
  t.pass('it takes part')
})

t.test('refuses changes that would cost the quorum', async (t) => {
  const cluster = await Growing.create(t)
  const { channel, server } = await cluster.start(0)
  const refused = (action: Promise<unknown>, code: number, text: string) =>
    t.rejects(action, { code, message: `etcdserver: ${text}` })
  const add = (url: string) => channel.unary(ClusterService.MemberAdd, { peerURLs: [url] })
  await add(cluster.url(1))
  const notEnough = 're-configuration failed due to not enough started members'
  await refused(add(cluster.url(2)), 9, notEnough)
  await refused(channel.unary(ClusterService.MemberRemove, { ID: 77n }), 5, 'member not found')
  await refused(channel.unary(ClusterService.MemberRemove, { ID: server.member.id }), 9, notEnough)
  await refused(
    channel.unary(ClusterService.MemberUpdate, { ID: server.member.id, peerURLs: ['nonsense'] }),
    3,
    'given member URLs are invalid',
  )
})

t.test('who is no member cannot join, and says what to do', async (t) => {
  const cluster = await Growing.create(t)
  await cluster.start(0)
  await t.rejects(cluster.start(1), /is not a member of the cluster; add it first/)
})
