// Pods on one worker: bind to Ready one after the other, and pods per second when many come at once, for the machine's
// own programs, for a loaded image under crun, and for a real node where there is one; in turn, in one run. And the
// processor time that a pod costs from its creation until it is gone, by component, which other work does not change.
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
  if (real !== '')
    list.push({ name: 'real node', kubeconfig: real, image: loaded, node: 'reference' })
  return Promise.all(list.map((contender) => PodRuns.start(contender)))
}

async function compare(all: readonly PodRuns[]): Promise<void> {
  const parts = all.map(({ contender }) =>
    contender.name === 'real node' ? partsOfPeers(contender.kubeconfig) : partsOfCluster(cluster),
  )
  const single = all.map((): number[] => [])
  const together = all.map((): number[] => [])
  const costs = all.map(() => new Map<string, number>())
  for (let round = -1; round < rounds; round++)
    for (const [i, runs] of all.entries()) {
      const tookMs = await runs.one()
      if (round >= 0) single[i]!.push(tookMs) // the first is for warming up
    }
  for (let batch = 0; batch < batches; batch++)
    for (const [i, runs] of all.entries()) {
      const before = cpuTimes(parts[i]!)
      together[i]!.push(await runs.together(many))
      addTimes(costs[i]!, before, parts[i]!)
    }
  const reference = all.findIndex(({ contender }) => contender.name === 'real node')
  const ratio = (of: readonly number[][], i: number): string =>
    reference < 0 ? '-' : (median(of[i]!) / median(of[reference]!)).toFixed(2)

  console.log(`\nbind to Ready, ${rounds} pods each in turn, ms`)
  console.log(row('', ['p50', 'p99', 'least', 'to real']))
  for (const [i, { contender }] of all.entries()) {
    const times = single[i]!
    const cells = [median(times), percentile(times, 0.99), Math.min(...times)]
    console.log(row(contender.name, [...cells.map((ms) => ms.toFixed(0)), ratio(single, i)]))
  }
  console.log(`\n${many} pods at once, ${batches} times each in turn: first request to all Ready`)
  for (const [i, { contender }] of all.entries()) {
    const perSecond = (1000 * many) / median(together[i]!)
    console.log(
      `  ${contender.name}: ${summary(together[i]!, 'ms')}; ${perSecond.toFixed(1)} pods/s; to real ${ratio(together, i)}`,
    )
  }
  console.log('\nprocessor time of such a pod, ms')
  for (const [i, { contender }] of all.entries()) {
    const each = [...costs[i]!].map(([name, ms]) => [name, ms / (batches * many)] as const)
    const total = each.reduce((sum, [, ms]) => sum + ms, 0)
    const words = each
      .filter(([, ms]) => ms >= 0.5)
      .sort(([, a], [, b]) => b - a)
      .map(([name, ms]) => `${name} ${ms.toFixed(1)}`)
    console.log(`  ${contender.name}: ${total.toFixed(0)} (${words.join(', ')})`)
  }
  for (const runs of all) runs.close()
}

function addTimes(costs: Map<string, number>, before: CpuTimes, parts: Parts): void {
  for (const [name, ms] of cpuTimes(parts))
    costs.set(name, (costs.get(name) ?? 0) + ms - (before.get(name) ?? 0))
}
