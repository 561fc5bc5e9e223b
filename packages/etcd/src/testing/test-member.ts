import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseFlags, silentLogger, systemClock, systemRandom, systemResolver } from '@kemu/base'
import { parseConfig } from '../config.ts'
import { etcdFlags } from '../flags.ts'
import { dial } from '../grpc/client.ts'
import type { Channel } from '../grpc/client.ts'
import { startEtcd } from '../server.ts'
import type { EtcdDeps, EtcdServer } from '../server.ts'

/** A directory that is gone when the test is. */
export function temporaryDirectory(t: { teardown(action: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'kemu-etcd-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const defaults = [
  '--listen-client-urls=http://127.0.0.1:0',
  '--listen-peer-urls=http://127.0.0.1:0',
  '--listen-metrics-urls=http://127.0.0.1:0',
]

/** Lists add up when they are given twice; a test's own replaces the default. */
function sameName(a: string, b: string): boolean {
  return a.split('=')[0] === b.split('=')[0]
}

export interface TestMember {
  readonly server: EtcdServer
  readonly channel: Channel
  stop(): Promise<void>
}

interface Teardown {
  teardown(action: () => void | Promise<void>): void
}

export interface TestMemberOptions {
  readonly directory?: string
  readonly flags?: readonly string[]
  readonly deps?: Partial<EtcdDeps>
  /** False: the test connects by itself, for instance with TLS. */
  readonly connects?: boolean
}

/** A member of its own in this process, on ports that were free, and a connection to it. */
export async function startTestMember(
  t: Teardown,
  options: TestMemberOptions = {},
): Promise<TestMember> {
  const directory = options.directory ?? temporaryDirectory(t)
  const args = [
    `--data-dir=${directory}`,
    ...defaults.filter((flag) => !options.flags?.some((given) => sameName(given, flag))),
    ...(options.flags ?? []),
  ]
  const server = await startEtcd({
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    config: parseConfig(parseFlags(etcdFlags, args)),
    ...options.deps,
  })
  const port = options.connects === false ? server.peerPorts[0]! : server.clientPorts[0]!
  const channel = await connectTo(port)
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    channel.close()
    stopping ??= server.close()
    return stopping
  }
  t.teardown(stop)
  return { server, channel, stop }
}

export function connectTo(port: number): Promise<Channel> {
  const target = { host: '127.0.0.1', port, isSecure: false }
  return dial(target, { clock: systemClock, resolve: systemResolver, tls: () => ({}) })
}
