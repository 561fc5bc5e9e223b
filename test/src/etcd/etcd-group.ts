import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts as freeNumbers } from '@kemu/base/testing'
import { root } from '../support/programs.ts'

/** How a member is started: a real etcd, or ours. */
export interface EtcdProgram {
  readonly command: string
  readonly args: readonly string[]
}

export const kemuEtcd: EtcdProgram = {
  command: process.execPath,
  args: [join(root, 'packages/cli/bin/kemu.cjs'), 'etcd'],
}

export interface Ports {
  readonly client: number
  readonly peer: number
}

/** Ports for so many members. */
export async function freePorts(count: number): Promise<Ports[]> {
  const ports = await freeNumbers(count * 2)
  return Array.from({ length: count }, (_, i) => ({
    client: ports[2 * i]!,
    peer: ports[2 * i + 1]!,
  }))
}

export interface GroupMember {
  readonly name: string
  readonly endpoint: string
  readonly peerUrl: string
  readonly dataDir: string
  readonly log: string
}

export interface GroupOptions {
  readonly program: EtcdProgram
  readonly directory: string
  /** One entry a member. The same ports give the same member and cluster ids. */
  readonly ports: readonly Ports[]
  readonly flags?: readonly string[]
  /** `https` with the flags that it takes. */
  readonly scheme?: 'http' | 'https'
  readonly env?: Readonly<Record<string, string>>
}

/** Members of one cluster as processes, real or ours, to be stopped, killed and started again. */
export class EtcdGroup {
  readonly members: readonly GroupMember[]
  readonly #options: GroupOptions
  readonly #children = new Map<string, ChildProcess>()

  constructor(options: GroupOptions) {
    this.#options = options
    const { scheme = 'http' } = options
    this.members = options.ports.map(({ client, peer }, i) => ({
      name: `m${i + 1}`,
      endpoint: `${scheme}://127.0.0.1:${client}`,
      peerUrl: `${scheme}://127.0.0.1:${peer}`,
      dataDir: join(options.directory, `m${i + 1}`),
      log: join(options.directory, `m${i + 1}.log`),
    }))
  }

  get endpoints(): string {
    return this.members.map(({ endpoint }) => endpoint).join(',')
  }

  /** Starts the first `count` members, which found the cluster. */
  start(count = this.members.length): this {
    const founders = this.members.slice(0, count)
    for (const member of founders) this.run(member, founders)
    return this
  }

  /** Starts one member; `cluster` is its --initial-cluster. */
  run(
    member: GroupMember,
    cluster: readonly GroupMember[] = this.members,
    flags: readonly string[] = [],
  ): void {
    const { program, env } = this.#options
    const own = [
      `--name=${member.name}`,
      `--data-dir=${member.dataDir}`,
      `--listen-client-urls=${member.endpoint}`,
      `--advertise-client-urls=${member.endpoint}`,
      `--listen-peer-urls=${member.peerUrl}`,
      `--initial-advertise-peer-urls=${member.peerUrl}`,
      `--initial-cluster=${cluster.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join()}`,
      ...(this.#options.flags ?? []),
      ...flags,
    ]
    const log = openSync(member.log, 'a')
    const child = spawn(program.command, [...program.args, ...own], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
    })
    closeSync(log)
    this.#children.set(member.name, child)
  }

  pid(member: GroupMember): number | undefined {
    return this.#children.get(member.name)?.pid
  }

  /** Ends one member and waits until it is gone. */
  async stop(member: GroupMember, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#children.get(member.name)
    if (!child) return null
    this.#children.delete(member.name)
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const gone = new Promise<number | null>((resolve) => child.once('exit', resolve))
    child.kill(signal)
    return gone
  }

  /** The exit code of a member that ends by itself. */
  exit(member: GroupMember): Promise<number | null> {
    const child = this.#children.get(member.name)
    if (!child || child.exitCode !== null) return Promise.resolve(child?.exitCode ?? null)
    return new Promise((resolve) => child.once('exit', resolve))
  }

  /** The end of each member's log, for the report of a failure. */
  lastWords(): string {
    return this.members
      .filter(({ log }) => existsSync(log))
      .map(({ name, log }) => `${name}: ${readFileSync(log, 'utf8').slice(-1500)}`)
      .join('\n')
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => this.stop(member, 'SIGKILL')))
  }
}
