import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { findProgram, needs } from '../support/programs.ts'
import { succeed } from '../support/run.ts'
import { EtcdGroup, freePorts, kemuEtcd } from './etcd-group.ts'
import type { EtcdProgram, Ports } from './etcd-group.ts'
import { Etcdctl } from './etcdctl.ts'
import type { Step } from './etcdctl.ts'
import { differencesFor } from './etcdctl-differences.ts'
import type { Difference } from './etcdctl-differences.ts'
import { playMembers } from './etcdctl-members-session.ts'
import { playQuota } from './etcdctl-quota-session.ts'
import { playSession } from './etcdctl-session.ts'

const skip = needs('etcd', 'etcdctl')
/** Debian's older client is another user of the same API. */
const clients = ['etcdctl', 'etcdctl-3.5'].filter((name) => findProgram(name) !== undefined)

type Play = (ctl: Etcdctl, group: EtcdGroup, program: string, directory: string) => Promise<void>

interface Session {
  readonly name: string
  readonly members: number
  readonly spares: number
  readonly flags: readonly string[]
  readonly play: Play
}

const sessions: readonly Session[] = [
  {
    name: 'every command on a cluster of one',
    members: 1,
    spares: 1,
    flags: [],
    play: async (ctl, group, _program, directory) => {
      const other = group.members[1]!
      group.run(other, [other])
      await eventually('the other cluster serves', () =>
        ctl.quietly('get x', { endpoints: other.endpoint }).then(() => true),
      )
      await playSession(ctl, { directory, other: other.endpoint.replace('http://', '') })
    },
  },
  {
    name: 'members of a cluster of three',
    members: 3,
    spares: 1,
    // What stops a leader for a moment must not make another one lead: who leads is part of what is told.
    flags: ['--heartbeat-interval=200', '--election-timeout=3000'],
    play: (ctl, group) => playMembers(ctl, group),
  },
  {
    name: 'a store that is full',
    members: 1,
    spares: 0,
    flags: ['--quota-backend-bytes=8388608'],
    play: (ctl, group, program) => playQuota(ctl, program, group.members[0]!.endpoint),
  },
]

async function record(
  t: Test,
  session: Session,
  etcd: EtcdProgram,
  client: string,
  ports: readonly Ports[],
): Promise<readonly Step[]> {
  const directory = mkdtempSync(join(tmpdir(), 'kemu-etcdctl-'))
  mkdirSync(join(directory, 'work'))
  const { flags } = session
  const group = new EtcdGroup({ program: etcd, directory, ports, flags })
  t.teardown(async () => {
    await group.close()
    rmSync(directory, { recursive: true, force: true })
  })
  group.start(session.members)
  const { endpoint } = group.members[0]!
  const ctl = new Etcdctl({ program: client, endpoints: endpoint, directory })
  // The version of the cluster and the attributes of the members are written last of all.
  await eventually('every member has published its name', async () => {
    const list = await ctl.quietly('member list')
    const isComplete = list.split(/, started, m\d, http/).length === session.members + 1
    return isComplete ? true : undefined
  })
  await session.play(ctl, group, client, directory).catch((cause: Error) => {
    throw new Error(`${cause.message}\n${group.lastWords()}`, { cause })
  })
  await group.close()
  return ctl.steps
}

// Some 1500 commands, two and a half minutes on a quiet machine.
const timeout = 1_200_000

t.test('etcdctl says the same of our etcd as of a real one', { skip, timeout }, async (t) => {
  const real = findProgram('etcd')!
  const version = /etcd Version: (\d+\.\d+)/.exec(await succeed(real, ['--version']))![1]!
  const wanted = process.env['KEMU_COMPARE_ETCD'] ?? version
  t.equal(version, wanted, `${real} is of the release that was asked for`)
  const differences = differencesFor(version)
  const met = new Set<Difference>()
  for (const name of clients) {
    for (const session of sessions) {
      await t.test(`${name}, ${session.name}, beside etcd ${version}`, { timeout }, async (t) => {
        const client = findProgram(name)!
        const ports = await freePorts(session.members + session.spares)
        // One after the other at the same ports: the ids of members follow from their URLs.
        const theirs = await record(t, session, { command: real, args: [] }, client, ports)
        const ours = await record(t, session, kemuEtcd, client, ports)
        compare(t, theirs, ours, differences, met)
      })
    }
  }
  const stale = differences.filter((row) => !met.has(row)).map(({ why }) => why)
  t.same(stale, [], 'every row of the table of differences is met')
})

function compare(
  t: Test,
  theirs: readonly Step[],
  ours: readonly Step[],
  differences: readonly Difference[],
  met: Set<Difference>,
): void {
  t.same(
    ours.map(({ command }) => command),
    theirs.map(({ command }) => command),
    'both were given the same commands',
  )
  theirs.forEach(({ command, output }, i) => {
    let expected = output
    for (const row of differences) {
      if (!row.command.test(command)) continue
      const changed = expected.replace(row.theirs, row.ours)
      if (changed !== expected) met.add(row)
      expected = changed
    }
    t.equal(ours[i]?.output, expected, `${command} (step ${i})`)
  })
}
