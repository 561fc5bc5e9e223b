import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sleep, systemClock } from '@kemu/base'
import { freePorts } from '@kemu/base/testing'
import { KVService, MaintenanceService } from '@kemu/rpc/etcd-codec'
import type { Channel } from '../grpc/client.ts'
import { connectTo, temporaryDirectory } from './test-member.ts'

const main = fileURLToPath(new URL('../main.js', import.meta.url))

interface Teardown {
  teardown(action: () => void | Promise<void>): void
}

export interface TestProcess {
  readonly name: string
  readonly port: number
  readonly peerPort: number
  readonly directory: string
  child: ChildProcess | undefined
}

export interface TestClusterOptions {
  /** What runs in place of the program. */
  readonly program?: string
  readonly environmentOf?: (member: TestProcess) => Readonly<Record<string, string>>
  /** Where the other members dial; the member itself unless something is between. */
  readonly peerUrlOf?: (member: TestProcess) => string
  /** Called when the ports are known, before the first member runs. */
  readonly prepare?: (members: readonly TestProcess[], directory: string) => Promise<void>
}

/** Members as processes of their own, to be killed. */
export class TestCluster {
  readonly members: readonly TestProcess[]
  readonly #flags: readonly string[]
  readonly #options: TestClusterOptions

  private constructor(
    members: readonly TestProcess[],
    flags: readonly string[],
    options: TestClusterOptions,
  ) {
    this.members = members
    this.#flags = flags
    this.#options = options
  }

  static async start(
    t: Teardown,
    size: number,
    flags: readonly string[] = [],
    options: TestClusterOptions = {},
  ): Promise<TestCluster> {
    const directory = temporaryDirectory(t)
    const ports = await freePorts(size * 2)
    const members = Array.from({ length: size }, (_, i) => ({
      name: `m${i + 1}`,
      port: ports[i * 2]!,
      peerPort: ports[i * 2 + 1]!,
      directory: join(directory, `m${i + 1}`),
      child: undefined,
    }))
    const cluster = new TestCluster(members, flags, options)
    await options.prepare?.(members, directory)
    t.teardown(() => cluster.stop())
    cluster.#dieWithTest()
    for (const member of members) cluster.run(member)
    await cluster.leader()
    return cluster
  }

  run(member: TestProcess, extra: readonly string[] = []): void {
    const { peerUrlOf = ownPeerUrl, environmentOf, program = main } = this.#options
    const peers = this.members.map((m) => `${m.name}=${peerUrlOf(m)}`)
    const client = `http://127.0.0.1:${member.port}`
    const args = [
      `--name=${member.name}`,
      `--data-dir=${member.directory}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${ownPeerUrl(member)}`,
      `--initial-advertise-peer-urls=${peerUrlOf(member)}`,
      `--initial-cluster=${peers.join()}`,
      ...this.#flags,
      ...extra,
    ]
    const log = createWriteStream(`${member.directory}.log`, { flags: 'a' })
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environmentOf?.(member) },
    })
    child.stdout.pipe(log)
    child.stderr.pipe(log)
    member.child = child
  }

  /** kill -9, and wait until it is gone. */
  async kill(member: TestProcess): Promise<void> {
    const { child } = member
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
    member.child = undefined
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => this.kill(member)))
  }

  /** Also when the test itself is killed, as far as that can be noticed, no member stays behind. */
  #dieWithTest(): void {
    const killAll = (): void => {
      for (const { child } of this.members) child?.kill('SIGKILL')
    }
    process.once('exit', killAll)
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.once(signal, () => {
        killAll()
        process.exit(1)
      })
    }
  }

  /** Waits until some member leads and knows it. */
  async leader(): Promise<TestProcess> {
    for (;;) {
      for (const member of this.members) {
        if (!member.child) continue
        const status = await withChannel(member.port, (channel) =>
          channel.unary(MaintenanceService.Status, {}),
        )
        const { header, leader } = status ?? {}
        if (header && leader === header.memberId) return member
      }
      await sleep(systemClock, 20)
    }
  }

  /** A connection to a member that may just be starting. */
  async connect({ port }: TestProcess): Promise<Channel> {
    for (;;) {
      try {
        return await connectTo(port)
      } catch {
        await sleep(systemClock, 20)
      }
    }
  }

  /** Everything that one member holds by itself. */
  async dump(member: TestProcess): Promise<Map<string, string>> {
    for (;;) {
      const range = await withChannel(member.port, (channel) =>
        channel.unary(KVService.Range, { key: '\0', rangeEnd: '\0' }),
      )
      if (range) return new Map(range.kvs.map(({ key, value }) => [key, value]))
      await sleep(systemClock, 20)
    }
  }
}

function ownPeerUrl({ peerPort }: TestProcess): string {
  return `http://127.0.0.1:${peerPort}`
}

/** Undefined when the member does not answer. */
export async function withChannel<T>(
  port: number,
  use: (channel: Channel) => Promise<T>,
): Promise<T | undefined> {
  let channel: Channel | undefined
  try {
    channel = await connectTo(port)
    return await use(channel)
  } catch {
    return undefined
  } finally {
    channel?.close()
  }
}
