import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

const root = process.env['KEMU_ROOT']!
export const peersBin = join(
  process.env['KEMU_PEERS'] ?? join(homedir(), '.cache/kemu-peers'),
  'bin',
)

export type Kind = 'ours' | 'real'

/** Members that run, each in a process of its own with a disk of its own. */
export interface Cluster {
  readonly endpoints: readonly string[]
  readonly directory: string
  children: readonly ChildProcess[]
  readonly spawn: () => readonly ChildProcess[]
}

/** Ends the program when there is no real etcd to compare with. */
export function requirePeers(...programs: readonly string[]): void {
  for (const program of programs) {
    if (existsSync(join(peersBin, program))) continue
    console.error(`no ${program} in ${peersBin}: peers build etcd`)
    process.exit(1)
  }
}

export async function startCluster(
  kind: Kind,
  size: number,
  extraFlags: readonly string[] = [],
): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), `kemu-bench-etcd-`))
  const ports = await freePorts(size * 2)
  const url = (port: number): string => `http://127.0.0.1:${port}`
  const peers = Array.from({ length: size }, (_, i) => `m${i}=${url(ports[2 * i + 1]!)}`)
  const flagsOf = (i: number): string[] => {
    const client = url(ports[2 * i]!)
    const peer = url(ports[2 * i + 1]!)
    return [
      `--name=m${i}`,
      `--data-dir=${join(directory, `m${i}`)}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${peers.join()}`,
      '--log-level=error',
      ...extraFlags,
    ]
  }
  const command = (i: number): [string, string[]] =>
    kind === 'real'
      ? [join(peersBin, 'etcd'), flagsOf(i)]
      : [process.execPath, [join(root, 'packages/cli/bin/kemu.cjs'), 'etcd', ...flagsOf(i)]]
  const spawnAll = (): ChildProcess[] =>
    peers.map((_, i) => spawn(...command(i), { stdio: 'ignore' }))
  const endpoints = peers.map((_, i) => url(ports[2 * i]!))
  const cluster = { endpoints, children: spawnAll(), directory, spawn: spawnAll }
  await healthy(cluster)
  return cluster
}

/** Kills all members and starts them again with what they have on disk; resolves when they answer. */
export async function restartCluster(cluster: Cluster): Promise<void> {
  await killAll(cluster)
  cluster.children = cluster.spawn()
  await healthy(cluster)
}

async function healthy({ endpoints }: Cluster): Promise<void> {
  for (const endpoint of endpoints) {
    for (let tries = 0; !(await isHealthy(endpoint)); tries++) {
      if (tries > 12_000) throw new Error(`${endpoint} does not become healthy`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

async function isHealthy(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/health`)).ok
  } catch {
    return false
  }
}

async function killAll({ children }: Cluster): Promise<void> {
  for (const child of children) {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
}

export async function stopCluster(cluster: Cluster): Promise<void> {
  await killAll(cluster)
  rmSync(cluster.directory, { recursive: true, force: true })
}

/** Processor time that all members have used, in microseconds; it does not depend on what else the machine does. */
export function processorUs({ children }: Cluster): number {
  let nanoseconds = 0
  for (const { pid } of children) {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      try {
        const line = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8')
        nanoseconds += Number(line.split(' ')[0])
      } catch {
        // The thread has ended.
      }
    }
  }
  return nanoseconds / 1000
}

/** Resident memory of the first member, in bytes. */
export function residentBytes({ children }: Cluster): number {
  const status = readFileSync(`/proc/${children[0]!.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(
    servers.map((s) => new Promise<void>((resolve) => s.listen(0, '127.0.0.1', resolve))),
  )
  const ports = servers.map((s) => (s.address() as AddressInfo).port)
  await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))))
  return ports
}
