// Our store beside real etcd 3.6: the same client program, the same machine, the same run, fsync on for both. Rounds of the
// two alternate; shown are medians and the ratio ours/real (above 1 we are faster). The processor time is of all members
// together and for each request; it says most where other work goes on beside.
//   npm run bench -- etcd [ROUNDS] [MEMBERS: 1, 3 or 1,3] [words of workloads to run...]
// Needs etcd and etcd-benchmark from `peers build etcd` (KEMU_PEERS, by default ~/.cache/kemu-peers). What etcd-benchmark
// cannot do is in etcd-store.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import {
  peersBin,
  processorUs,
  requirePeers,
  startCluster,
  stopCluster,
} from './support/etcd-cluster.ts'
import type { Cluster, Kind } from './support/etcd-cluster.ts'
import { machineLine, median, row } from './support/figures.ts'

const [rounds = '3', sizes = '1,3', ...words] = process.argv.slice(2)

interface Workload {
  readonly name: string
  readonly args: readonly string[]
  readonly total: number
}

const keys = ['--key-size=8', '--sequential-keys']
const load = (connections: number, clients: number): string[] => [
  `--conns=${connections}`,
  `--clients=${clients}`,
]
const put = ['--val-size=256', ...keys]
const workloads: readonly Workload[] = [
  { name: 'put, 1 client', args: ['put', ...load(1, 1), ...put], total: 1500 },
  // Upstream's own length (etcd's op-guide/performance): a fresh process is at its full speed by then.
  { name: 'long put, 1 client', args: ['put', ...load(1, 1), ...put], total: 10_000 },
  { name: 'put, 64', args: ['put', ...load(10, 64), ...put], total: 15_000 },
  { name: 'put, 1000', args: ['put', ...load(100, 1000), ...put], total: 40_000 },
  { name: 'range, 1 client', args: ['range', 'foo', ...load(1, 1)], total: 3000 },
  { name: 'range, 64', args: ['range', 'foo', ...load(10, 64)], total: 30_000 },
  { name: 'range, 1000', args: ['range', 'foo', ...load(100, 1000)], total: 60_000 },
  {
    name: 'serializable range, 1000',
    args: ['range', 'foo', ...load(100, 1000), '--consistency=s'],
    total: 60_000,
  },
  {
    name: 'txn, 1000',
    args: ['txn-put', ...load(100, 1000), '--key-size=8', '--val-size=256'],
    total: 40_000,
  },
  { name: 'lease keep-alive, 64', args: ['lease-keepalive', ...load(10, 64)], total: 20_000 },
]

interface Figures {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly processorUs: number
}

requirePeers('etcd', 'etcd-benchmark')
console.log(machineLine())
for (const size of sizes.split(',').map(Number)) {
  console.log(`\n${size} member${size > 1 ? 's' : ''}, ${rounds} rounds`)
  const figures = ['p50 ours', 'real', 'p99 ours', 'real', 'cpu ours', 'real']
  console.log(row('', ['ours/s', 'real/s', 'ratio', 'from-to', ...figures]))
  for (const workload of workloads) {
    const isWanted = words.length === 0 || words.some((word) => workload.name.includes(word))
    if (isWanted) await compare(size, workload)
  }
}

async function compare(size: number, workload: Workload): Promise<void> {
  const figures: Record<Kind, Figures[]> = { ours: [], real: [] }
  for (let round = 0; round < Number(rounds); round++) {
    for (const kind of ['ours', 'real'] as const) {
      const cluster = await startCluster(kind, size)
      figures[kind].push(measure(cluster, workload))
      await stopCluster(cluster)
    }
  }
  const middle = (kind: Kind, of: keyof Figures): number => median(figures[kind].map((f) => f[of]))
  const both = (of: keyof Figures, show: (value: number) => string): string[] => [
    show(middle('ours', of)),
    show(middle('real', of)),
  ]
  const ms = (seconds: number): string => `${(seconds * 1000).toFixed(1)} ms`
  const ratios = figures.ours.map(({ rate }, i) => rate / figures.real[i]!.rate)
  console.log(
    row(workload.name, [
      ...both('rate', (rate) => rate.toFixed(0)),
      median(ratios).toFixed(2),
      `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`,
      ...both('p50', ms),
      ...both('p99', ms),
      ...both('processorUs', (us) => `${us.toFixed(0)} us`),
    ]),
  )
}

function measure(cluster: Cluster, { name, args, total }: Workload): Figures {
  const before = processorUs(cluster)
  const { stdout, stderr, status } = spawnSync(
    join(peersBin, 'etcd-benchmark'),
    [`--endpoints=${cluster.endpoints.join()}`, ...args, `--total=${total}`],
    { encoding: 'utf8' },
  )
  const used = processorUs(cluster) - before
  const text = stdout + stderr
  const find = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN)
  const rate = find(/Requests\/sec:\s+([\d.]+)/)
  if (status !== 0 || Number.isNaN(rate)) throw new Error(`${name} failed:\n${text}`)
  return {
    rate,
    p50: find(/50% in ([\d.]+) secs/),
    p99: find(/99% in ([\d.]+) secs/),
    processorUs: used / total,
  }
}
