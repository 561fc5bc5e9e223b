// Pods on one worker until they are Ready: one after the other, many at once, and those of a Deployment, for the machine's
// own programs, for a loaded image under crun, and for a real node where there is one; in turn, in one run. And the
// processor time that a pod costs from its creation until it is gone, by component, which other work changes least.
//   npm run bench -- node [--rounds N] [--together PODS] [--batches N] [--archive FILE] [--real-node KUBECONFIG]
// FILE holds registry.k8s.io/pause:3.10.2 (`peers build images` makes pause.tar); without it crun is left out.
import { parseArgs } from 'node:util'
import { BenchCluster } from './support/bench-cluster.ts'
import { machineLine, median, percentile, row, summary } from './support/figures.ts'
import { cpuTimes, partsOfCluster, partsOfPeers } from './support/cpu-time.ts'
import type { CpuTimes, Parts } from './support/cpu-time.ts'
import { PodRuns } from './support/pod-runs.ts'
import type { Contender } from './support/pod-runs.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    together: { type: 'string', default: '30' },
    batches: { type: 'string', default: '3' },
    archive: { type: 'string', default: '' },
    'real-node': { type: 'string', default: '' },
  },
})
const rounds = Number(values.rounds)
const many = Number(values.together)
const batches = Number(values.batches)
const realNode = 'real node'
/** The built-in image goes by another tag than the archive's, so that both are on the node at once. */
const builtIn = 'registry.k8s.io/pause:3.10'
const loaded = 'registry.k8s.io/pause:3.10.2'

console.log(machineLine())
const cluster = BenchCluster.up(2)
try {
  await compare(await contenders(cluster))
} finally {
  cluster.remove()
}

async function contenders({ kubeconfig }: BenchCluster): Promise<PodRuns[]> {
  const list: Contender[] = [{ name: 'process', kubeconfig, image: builtIn, node: '' }]
  if (values.archive !== '') {
    cluster.kemu('image load', values.archive)
    list.push({ name: 'crun', kubeconfig, image: loaded, node: '' })
  }
  const real = values['real-node']
  if (real !== '') list.push({ name: realNode, kubeconfig: real, image: loaded, node: 'reference' })
  return Promise.all(list.map((contender) => PodRuns.start(contender)))
}

/** What was measured of one contender, in milliseconds. */
interface Measured {
  readonly runs: PodRuns
  readonly parts: Parts
  readonly fromRequest: number[]
  readonly fromBound: number[]
  readonly together: number[]
  readonly deployed: number[]
  /** Processor time of all pods of `together`, by component. */
  readonly costs: Map<string, number>
}

async function compare(contenders: readonly PodRuns[]): Promise<void> {
  const all = contenders.map((runs): Measured => {
    const { name, kubeconfig } = runs.contender
    return {
      runs,
      parts: name === realNode ? partsOfPeers(kubeconfig) : partsOfCluster(cluster),
      fromRequest: [],
      fromBound: [],
      together: [],
      deployed: [],
      costs: new Map(),
    }
  })
  for (let round = -1; round < rounds; round++)
    for (const { runs, fromRequest, fromBound } of all) {
      const took = await runs.one()
      if (round < 0) continue // for warming up
      fromRequest.push(took.fromRequestMs)
      fromBound.push(took.fromBoundMs)
    }
  for (let batch = 0; batch < batches; batch++)
    for (const { runs, parts, together, deployed, costs } of all) {
      const before = cpuTimes(parts)
      together.push(await runs.together(many))
      addTimes(costs, before, parts)
      deployed.push(await runs.deployment(many))
    }
  printSingle('request', all, 'fromRequest')
  printSingle('bind', all, 'fromBound')
  printBatches(`${many} pods at once`, all, 'together')
  printBatches(`a Deployment of ${many}`, all, 'deployed')
  console.log('\nprocessor time of such a pod, ms')
  for (const each of all) printCost(each)
  for (const { runs } of all) runs.close()
}

type Series = 'fromRequest' | 'fromBound' | 'together' | 'deployed'

function ratioToReal(all: readonly Measured[], of: Measured, series: Series): string {
  const real = all.find(({ runs }) => runs.contender.name === realNode)
  return real ? (median(of[series]) / median(real[series])).toFixed(2) : '-'
}

function printSingle(from: string, all: readonly Measured[], series: Series): void {
  console.log(`\n${from} to Ready, ${rounds} pods each in turn, ms`)
  console.log(row('', ['p50', 'p99', 'least', 'most', 'to real']))
  for (const each of all) {
    const times = each[series]
    const figures = [median(times), percentile(times, 0.99), Math.min(...times), Math.max(...times)]
    const cells = [...figures.map((ms) => ms.toFixed(0)), ratioToReal(all, each, series)]
    console.log(row(each.runs.contender.name, cells))
  }
}

function printBatches(what: string, all: readonly Measured[], series: Series): void {
  console.log(`\n${what}, ${batches} times each in turn: first request to all Ready`)
  for (const each of all) {
    const perSecond = ((1000 * many) / median(each[series])).toFixed(1)
    const ratio = ratioToReal(all, each, series)
    const { name } = each.runs.contender
    console.log(`  ${name}: ${summary(each[series], 'ms')}; ${perSecond} pods/s; to real ${ratio}`)
  }
}

function printCost({ runs, costs }: Measured): void {
  const each = [...costs].map(([name, ms]) => [name, ms / (batches * many)] as const)
  const total = each.reduce((sum, [, ms]) => sum + ms, 0)
  const words = each
    .filter(([, ms]) => ms >= 0.5)
    .sort(([, a], [, b]) => b - a)
    .map(([name, ms]) => `${name} ${ms.toFixed(1)}`)
  console.log(`  ${runs.contender.name}: ${total.toFixed(0)} (${words.join(', ')})`)
}

function addTimes(costs: Map<string, number>, before: CpuTimes, parts: Parts): void {
  for (const [name, ms] of cpuTimes(parts))
    costs.set(name, (costs.get(name) ?? 0) + ms - (before.get(name) ?? 0))
}
