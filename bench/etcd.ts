// Our store beside real etcd 3.6: the same client program, the same machine, the same run, fsync on for both. Rounds of the
// two alternate; shown are medians and the ratio ours/real (above 1 we are faster).
//   npm run bench -- etcd [ROUNDS] [MEMBERS: 1, 3 or 1,3] [words of workloads to run...]
// Needs etcd and etcd-benchmark from `peers build etcd` (KEMU_PEERS, by default ~/.cache/kemu-peers).
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { machineLine } from './support/figures.ts'

const root = process.env['KEMU_ROOT']!
const bin = join(process.env['KEMU_PEERS'] ?? join(homedir(), '.cache/kemu-peers'), 'bin')
const [rounds = '3', sizes = '1,3', ...words] = process.argv.slice(2)

type Kind = 'real' | 'ours'

interface Workload {
  readonly name: string
  readonly args: readonly string[]
}

const keys = ['--key-size=8', '--sequential-keys']
const load = (connections: number, clients: number): string[] => [
  `--conns=${connections}`,
  `--clients=${clients}`,
]
const workloads: readonly Workload[] = [
  {
    name: 'put, 1 client',
    args: ['put', ...load(1, 1), ...keys, '--val-size=256', '--total=1500'],
  },
  { name: 'put, 64', args: ['put', ...load(10, 64), ...keys, '--val-size=256', '--total=15000'] },
  {
    name: 'put, 1000',
    args: ['put', ...load(100, 1000), ...keys, '--val-size=256', '--total=40000'],
  },
  { name: 'range, 1 client', args: ['range', 'foo', ...load(1, 1), '--total=3000'] },
  { name: 'range, 64', args: ['range', 'foo', ...load(10, 64), '--total=30000'] },
  { name: 'range, 1000', args: ['range', 'foo', ...load(100, 1000), '--total=60000'] },
  {
    name: 'serializable range, 1000',
    args: ['range', 'foo', ...load(100, 1000), '--consistency=s', '--total=60000'],
  },
  {
    name: 'txn, 1000',
    args: ['txn-put', ...load(100, 1000), '--key-size=8', '--val-size=256', '--total=40000'],
  },
  { name: 'lease keep-alive, 64', args: ['lease-keepalive', ...load(10, 64), '--total=20000'] },
]

interface Figures {
  readonly rate: number
  readonly p50: number
  readonly p99: number
}

interface Cluster {
  readonly endpoints: string
  readonly children: readonly ChildProcess[]
  readonly directory: string
}

for (const program of ['etcd', 'etcd-benchmark']) {
  if (!existsSync(join(bin, program))) {
    console.error(`no ${program} in ${bin}: peers build etcd`)
    process.exit(1)
  }
}
console.log(machineLine())
for (const size of sizes.split(',').map(Number)) {
  console.log(`\n${size} member${size > 1 ? 's' : ''}, ${rounds} rounds`)
  console.log(row('', ['ours/s', 'real/s', 'ratio', 'p50 ours', 'real', 'p99 ours', 'real']))
  for (const workload of workloads) {
    const isWanted = words.length === 0 || words.some((word) => workload.name.includes(word))
    if (isWanted) await compare(size, workload)
  }
}

async function compare(size: number, workload: Workload): Promise<void> {
  const figures: Record<Kind, Figures[]> = { ours: [], real: [] }
  for (let round = 0; round < Number(rounds); round++) {
    for (const kind of ['ours', 'real'] as const) {
      const cluster = await start(kind, size)
      figures[kind].push(measure(cluster, workload))
      await stop(cluster)
    }
  }
  const middle = (kind: Kind, of: keyof Figures): number => median(figures[kind].map((f) => f[of]))
  const ms = (seconds: number): string => `${(seconds * 1000).toFixed(1)} ms`
  const ratio = middle('ours', 'rate') / middle('real', 'rate')
  console.log(
    row(workload.name, [
      middle('ours', 'rate').toFixed(0),
      middle('real', 'rate').toFixed(0),
      ratio.toFixed(2),
      ms(middle('ours', 'p50')),
      ms(middle('real', 'p50')),
      ms(middle('ours', 'p99')),
      ms(middle('real', 'p99')),
    ]),
  )
}

function measure({ endpoints }: Cluster, { name, args }: Workload): Figures {
  const command = [`--endpoints=${endpoints}`, ...args]
  const { stdout, stderr, status } = spawnSync(join(bin, 'etcd-benchmark'), command, {
    encoding: 'utf8',
  })
  const text = stdout + stderr
  const find = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN)
  const rate = find(/Requests\/sec:\s+([\d.]+)/)
  if (status !== 0 || Number.isNaN(rate)) throw new Error(`${name} failed:\n${text}`)
  return { rate, p50: find(/50% in ([\d.]+) secs/), p99: find(/99% in ([\d.]+) secs/) }
}

async function start(kind: Kind, size: number): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), `kemu-bench-etcd-`))
  const ports = await freePorts(size * 2)
  const url = (port: number): string => `http://127.0.0.1:${port}`
  const peers = Array.from({ length: size }, (_, i) => `m${i}=${url(ports[2 * i + 1]!)}`)
  const children = peers.map((_, i) => {
    const client = url(ports[2 * i]!)
    const peer = url(ports[2 * i + 1]!)
    const flags = [
      `--name=m${i}`,
      `--data-dir=${join(directory, `m${i}`)}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${peers.join()}`,
      '--log-level=error',
    ]
    return kind === 'real'
      ? spawn(join(bin, 'etcd'), flags, { stdio: 'ignore' })
      : spawn(process.execPath, [join(root, 'packages/cli/bin/kemu.cjs'), 'etcd', ...flags], {
          stdio: 'ignore',
        })
  })
  const endpoints = peers.map((_, i) => url(ports[2 * i]!))
  for (const endpoint of endpoints) await healthy(endpoint)
  return { endpoints: endpoints.join(), children, directory }
}

async function healthy(endpoint: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    try {
      if ((await fetch(`${endpoint}/health`)).ok) return
    } catch {
      // not listening yet
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${endpoint} does not become healthy`)
}

async function stop({ children, directory }: Cluster): Promise<void> {
  for (const child of children) {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    if (process.env['KEMU_BENCH_MEMORY']) console.log(memoryLine(child.pid!))
    child.kill('SIGKILL')
    await gone
  }
  rmSync(directory, { recursive: true, force: true })
}

function memoryLine(pid: number): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return `pid ${pid}: ${/VmRSS:\s+(\d+ kB)/.exec(status)?.[1]}`
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

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(26) + cells.map((cell) => cell.padStart(11)).join('')
}
