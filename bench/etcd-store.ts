// Our store beside real etcd 3.6 in what etcd-benchmark does not do: transactions as kube-apiserver sends them, a thousand
// watchers, the time from a put to a watcher, a million keys. One client in this process drives both; it takes its part of
// the machine, so ratios are nearer to 1 than the stores are. Rounds of the two alternate; the ratio is above 1 where we are
// better. Processor time is of all members together and for each operation.
//   npm run bench -- etcd-store [ROUNDS] [MEMBERS: 1, 3 or 1,3] [words of workloads to run...]
import { processorUs, requirePeers, residentBytes, restartCluster } from './support/etcd-cluster.ts'
import { startCluster, stopCluster } from './support/etcd-cluster.ts'
import type { Cluster, Kind } from './support/etcd-cluster.ts'
import { connect, connectAll, create, put, watch, writeIfAt } from './support/etcd-client.ts'
import { machineLine, median, percentile, row } from './support/figures.ts'
import { KVService } from '@kemu/rpc/etcd-codec'

const [rounds = '3', sizes = '1,3', ...words] = process.argv.slice(2)
const value = 'v'.repeat(1024)

interface Figure {
  readonly name: string
  readonly unit: string
  readonly value: number
  readonly isBetter: 'higher' | 'lower'
}

interface Workload {
  readonly name: string
  /** Runs with one member only, and once. */
  readonly isHuge?: boolean
  readonly flags?: readonly string[]
  run(cluster: Cluster): Promise<readonly Figure[]>
}

const clients = 64
const connections = 10
const transactions = 6000
const keysPerTxn = 100

const workloads: readonly Workload[] = [
  {
    name: 'create-if-absent, 64',
    run: (cluster) =>
      inParallel(cluster, async (channel, i) => {
        const { succeeded } = await create(channel, `/registry/pods/default/pod-${i}`, value)
        if (!succeeded) throw new Error(`key ${i} was there already`)
      }),
  },
  {
    name: 'update-if-mod-revision, 64',
    async run(cluster) {
      const [channel] = await connectAll(cluster.endpoints, 1)
      const revisions: number[] = []
      const key = (client: number): string => `/registry/leases/node-${client}`
      for (let i = 0; i < clients; i++) revisions.push(await put(channel!, key(i), value))
      return inParallel(cluster, async (channel, _, client) => {
        const response = await writeIfAt(channel, key(client), revisions[client]!, value)
        if (!response.succeeded) throw new Error('the revision did not fit')
        revisions[client] = response.header!.revision
      })
    },
  },
  { name: 'watch fan-out, 1000', run: fanOut },
  { name: 'watch latency', run: watchLatency },
  {
    name: 'million keys',
    isHuge: true,
    flags: ['--quota-backend-bytes=8589934592'],
    run: millionKeys,
  },
]

requirePeers('etcd')
console.log(machineLine())
for (const size of sizes.split(',').map(Number)) {
  console.log(`\n${size} member${size > 1 ? 's' : ''}, ${rounds} rounds`)
  console.log(row('', ['ours', 'from-to', 'real', 'from-to', 'ratio']))
  for (const workload of workloads) {
    const isWanted = words.length === 0 || words.some((word) => workload.name.includes(word))
    if (isWanted && (size === 1 || !workload.isHuge)) await compare(size, workload)
  }
}
process.exit(0)

async function compare(size: number, workload: Workload): Promise<void> {
  const results: Record<Kind, (readonly Figure[])[]> = { ours: [], real: [] }
  for (let round = 0; round < (workload.isHuge ? 1 : Number(rounds)); round++) {
    for (const kind of ['ours', 'real'] as const) {
      const cluster = await startCluster(kind, size, workload.flags)
      results[kind].push(await workload.run(cluster))
      await stopCluster(cluster)
    }
  }
  console.log(workload.name)
  for (const [i, { name, unit, isBetter }] of results.ours[0]!.entries()) {
    const values = (kind: Kind): number[] => results[kind].map((figures) => figures[i]!.value)
    const [ours, real] = [median(values('ours')), median(values('real'))]
    const cells = (kind: Kind): string[] => {
      const all = values(kind)
      return [`${show(median(all))} ${unit}`, `${show(Math.min(...all))}-${show(Math.max(...all))}`]
    }
    const ratio = isBetter === 'higher' ? ours / real : real / ours
    console.log(row(`  ${name}`, [...cells('ours'), ...cells('real'), ratio.toFixed(2)]))
  }
}

function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2)
}

/** So many clients, each sending its next request when the last one was answered. */
async function inParallel(
  cluster: Cluster,
  send: (channel: Awaited<ReturnType<typeof connect>>, i: number, client: number) => Promise<void>,
): Promise<readonly Figure[]> {
  const channels = await connectAll(cluster.endpoints, connections)
  const latencies: number[] = []
  let next = 0
  const client = async (_: unknown, number: number): Promise<void> => {
    while (next < transactions) {
      const began = performance.now()
      await send(channels[number % connections]!, next++, number)
      latencies.push(performance.now() - began)
    }
  }
  const processor = processorUs(cluster)
  const began = performance.now()
  await Promise.all(Array.from({ length: clients }, client))
  const seconds = (performance.now() - began) / 1000
  const used = processorUs(cluster) - processor
  for (const channel of channels) channel.close()
  return [
    { name: 'rate', unit: '/s', value: latencies.length / seconds, isBetter: 'higher' },
    { name: 'p99', unit: 'ms', value: percentile(latencies, 0.99), isBetter: 'lower' },
    { name: 'processor', unit: 'us', value: used / latencies.length, isBetter: 'lower' },
  ]
}

/** A thousand watches of the same keys, a hundred on each of ten connections. */
async function fanOut(cluster: Cluster): Promise<readonly Figure[]> {
  const puts = 200
  const watchers = 1000
  const channels = await connectAll(cluster.endpoints, connections)
  let seen = 0
  let finish: () => void
  const done = new Promise<void>((resolve) => {
    finish = resolve
  })
  const onEvents = ({ events }: { events: readonly unknown[] }): void => {
    seen += events.length
    if (seen === puts * watchers) finish()
  }
  const perChannel = watchers / connections
  await Promise.all(channels.map((channel) => watch(channel, '/fan/', perChannel, onEvents)))
  const writer = await connect(cluster.endpoints[0]!)
  const processor = processorUs(cluster)
  const began = performance.now()
  for (let i = 0; i < puts; i++) await put(writer, `/fan/${i}`, value.slice(0, 256))
  await done
  const seconds = (performance.now() - began) / 1000
  const used = processorUs(cluster) - processor
  for (const channel of [...channels, writer]) channel.close()
  return [
    { name: 'events', unit: '/s', value: seen / seconds, isBetter: 'higher' },
    { name: 'processor', unit: 'us', value: used / seen, isBetter: 'lower' },
  ]
}

/** From the sending of a put to its event, on another connection. */
async function watchLatency(cluster: Cluster): Promise<readonly Figure[]> {
  const [writer, watcher] = [
    await connect(cluster.endpoints[0]!),
    await connect(cluster.endpoints.at(-1)!),
  ]
  const latencies: number[] = []
  let onEvent: () => void = () => {}
  await watch(watcher, '/latency/', 1, () => onEvent())
  for (let i = 0; i < 1500; i++) {
    const came = new Promise<void>((resolve) => {
      onEvent = resolve
    })
    const began = performance.now()
    const putDone = put(writer, '/latency/key', value.slice(0, 256))
    await came
    latencies.push(performance.now() - began)
    await putDone
  }
  writer.close()
  watcher.close()
  return [
    { name: 'median', unit: 'ms', value: median(latencies), isBetter: 'lower' },
    { name: 'p99', unit: 'ms', value: percentile(latencies, 0.99), isBetter: 'lower' },
  ]
}

/** Memory for each key, and how long a killed member takes until it answers again. */
async function millionKeys(cluster: Cluster): Promise<readonly Figure[]> {
  const count = 1_000_000
  const before = residentBytes(cluster)
  const channel = await connect(cluster.endpoints[0]!)
  const loadBegan = performance.now()
  const fill = async (from: number): Promise<void> => {
    const keys = Array.from(
      { length: keysPerTxn },
      (_, i) => `/keys/${String(from + i).padStart(26, '0')}`,
    )
    const success = keys.map((key) => ({ requestPut: { key, value: value.slice(0, 128) } }))
    await channel.unary(KVService.Txn, { success })
  }
  const atOnce = 8
  for (let i = 0; i < count; i += keysPerTxn * atOnce) {
    await Promise.all(Array.from({ length: atOnce }, (_, j) => fill(i + j * keysPerTxn)))
  }
  const loadSeconds = (performance.now() - loadBegan) / 1000
  const resident = residentBytes(cluster) - before
  channel.close()
  const began = performance.now()
  await restartCluster(cluster)
  const again = await connect(cluster.endpoints[0]!)
  const answer = await again.unary(KVService.Range, {
    key: '/keys/',
    rangeEnd: '/keys0',
    countOnly: true,
  })
  if (answer.count !== count) throw new Error(`${answer.count} keys are left of ${count}`)
  const startSeconds = (performance.now() - began) / 1000
  again.close()
  return [
    { name: 'load', unit: 'keys/s', value: count / loadSeconds, isBetter: 'higher' },
    { name: 'memory per key', unit: 'B', value: resident / count, isBetter: 'lower' },
    { name: 'start', unit: 's', value: startSeconds, isBetter: 'lower' },
    {
      name: 'memory after start',
      unit: 'MiB',
      value: residentBytes(cluster) / 2 ** 20,
      isBetter: 'lower',
    },
  ]
}
