// Services and names: requests per second through a service against a direct connection (nftables, then the user-space
// proxy), how long a change of one service takes among many, and answers per second of the cluster's DNS; what is compared
// runs in turn, in one process. What the pod network costs a pod is `npm run bench -- pod-network`.
//   npm run bench -- network [--slices N] [--services 10,1000,10000] [--coredns PROGRAM]
// PROGRAM is a real CoreDNS that answers for the same cluster beside ours.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { EndpointSlice, Service } from '@kemu/api'
import { silentLogger, systemClock } from '@kemu/base'
import { createMetrics, planService, RuleCarrier } from '@kemu/kube-proxy'
import type { PlanContext, ServicePlan } from '@kemu/kube-proxy'
import { parseCidr } from '@kemu/network/address'
import { NetworkNamespace } from '@kemu/network/testing'
import { BenchCluster } from './support/bench-cluster.ts'
import { machineLine, median, summary } from './support/figures.ts'
import { dnsLoad, httpLoad } from './support/load-scripts.ts'
import type { Load } from './support/load-scripts.ts'

const { values } = parseArgs({
  options: {
    slices: { type: 'string', default: '40' },
    services: { type: 'string', default: '10,1000,10000' },
    coredns: { type: 'string', default: '' },
  },
})
const sizes = values.services.split(',').map(Number)
/** Short, so that what else the machine does falls on neighbours alike. */
const sliceMs = 150

const context: PlanContext = {
  topology: { nodeName: 'n1', zone: '' },
  network: 'netns',
  carrier: 'rules',
  portFloor: 0,
  nodePortAddresses: ['172.18.0.10'],
  hasLocalhostNodePorts: true,
  hasGateway: true,
}

console.log(machineLine())
await ruleUpdates()
const cluster = BenchCluster.up(3)
try {
  await traffic()
} finally {
  cluster.remove()
}

/** A table of N services of 3 endpoints: its first writing, and then a change of one service's endpoints. */
async function ruleUpdates(): Promise<void> {
  console.log('\nrules of N services (3 endpoints each): first writing; a change of one service')
  for (const size of sizes) {
    const namespace = await NetworkNamespace.open()
    if (typeof namespace === 'string') return console.log(`  ${namespace}`)
    const carrier = new RuleCarrier(
      { clusterCidr: parseCidr('10.244.0.0/16'), masqueradeMark: 0x4000, masqueradeAll: false },
      {
        clock: systemClock,
        logger: silentLogger,
        metrics: createMetrics(),
        run: namespace.nft,
        staleFlows: { remove: async () => {} },
        localhost: { apply: async () => {} },
      },
    )
    const all = new Map(Array.from({ length: size }, (_, i) => [`default/s${i}`, planOf(i, 3)]))
    const beganMs = performance.now()
    await carrier.apply(all, context)
    const firstMs = performance.now() - beganMs
    const changes: number[] = []
    for (let i = 0; i < 20; i++) {
      const fromMs = performance.now()
      await carrier.apply(new Map([['default/s1', planOf(1, 1 + (i % 2))]]), context)
      changes.push(performance.now() - fromMs)
    }
    console.log(`  ${size}: ${firstMs.toFixed(0)} ms; ${summary(changes, 'ms')}`)
    carrier.close()
    namespace.close()
  }
}

function planOf(index: number, endpoints: number): ServicePlan {
  const service = {
    metadata: { name: `s${index}`, namespace: 'default' },
    spec: {
      clusterIP: `10.${96 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`,
      ports: [{ port: 80 }],
    },
    status: {},
  } as unknown as Service
  const slice = {
    addressType: 'IPv4',
    ports: [{ port: 8080 }],
    endpoints: Array.from({ length: endpoints }, (_, i) => ({
      addresses: [`10.244.${1 + i}.${1 + (index % 250)}`],
      nodeName: `n${1 + i}`,
    })),
  } as unknown as EndpointSlice
  return planService(service, [slice], context)
}

/**
 * Two like server pods on worker1, one spoken to directly and one through its service; the load comes from the host
 * worker2. One pod would not do: it remembers a closed connection for a minute by the client's port, and both ways to it
 * come from the same ports, so that it would refuse first packets of one way for what it remembers of the other.
 */
async function traffic(): Promise<void> {
  for (const name of ['direct', 'served']) {
    const overrides = { apiVersion: 'v1', spec: { nodeName: 'worker1' } }
    cluster.kubectl(`run ${name} --image=hello --overrides`, JSON.stringify(overrides))
  }
  cluster.kubectl('expose pod served --port=80 --target-port=8001')
  cluster.kubectl('wait --for=condition=Ready pod/direct pod/served --timeout=60s')
  const config = cluster.kubectl('get configmap kube-proxy -n kube-system -o json')
  compareWays(config.includes('mode: nftables') ? 'nftables' : 'user space')
  await names()
  if (!config.includes('mode: nftables')) return
  useSockets(config)
  compareWays('user space')
}

/** The same requests to the one pod's own address and to the other's service. */
function compareWays(mode: string): void {
  const host = get('pod direct', '.status.podIP')
  const service = get('service served', '.spec.clusterIP')
  for (const [width, kept] of [
    [1, false],
    [16, false],
    [16, true],
  ] as const) {
    const words = [String(width), String(kept), values.slices, String(sliceMs)]
    const urls = [`http://${host}:8001/`, `http://${service}/`]
    const loads = load(httpLoad, ...words, ...urls) as [Load[], Load[]]
    const [direct, through] = loads
    const ratios = through.map(({ perSecond }, i) => (100 * perSecond) / direct[i]!.perSecond)
    const way = `${width} at a time, ${kept ? 'kept' : 'fresh'} connections`
    console.log(`\n${mode}, ${way}: ${summary(ratios, '% of direct')}`)
    print('direct', direct)
    print('through the service', through)
  }
}

function print(name: string, loads: readonly Load[]): void {
  const of = (part: keyof Load): number => median(loads.map((one) => one[part]))
  const [rate, p50, p99] = [of('perSecond'), of('p50Ms'), of('p99Ms')]
  console.log(
    `  ${name}: ${rate.toFixed(0)}/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms (medians of ${loads.length} slices)`,
  )
}

function load(script: string, ...words: readonly string[]): Load[][] {
  const [program, ...rest] = cluster.onHost('worker2', 'node', '-e', script, ...words)
  return JSON.parse(cluster.run(program!, ...rest)) as Load[][]
}

function get(what: string, path: string): string {
  return cluster.kubectl(`get ${what} -o`, `jsonpath={${path}}`)
}

/** The cluster's DNS, and a real one that watches the same API server, on the host that asks. */
async function names(): Promise<void> {
  const service = `${get('service kube-dns -n kube-system', '.spec.clusterIP')}:53`
  const real = values.coredns === '' ? undefined : await realDns(values.coredns)
  try {
    const servers = [service, ...(real ? [real.place] : [])]
    const [ours, theirs] = load(dnsLoad, values.slices, String(sliceMs), ...servers)
    console.log('\nDNS answers over UDP, 32 at a time')
    print('ours', ours!)
    if (!theirs) return
    print('CoreDNS', theirs)
    const ratios = ours!.map(({ perSecond }, i) => (100 * perSecond) / theirs[i]!.perSecond)
    console.log(`  ours: ${summary(ratios, '% of CoreDNS')}`)
  } finally {
    await real?.stop()
  }
}

/** A copy of the program and its files lie in the host's own directory: hosts do not see the rest of the machine. */
async function realDns(
  program: string,
): Promise<{ readonly place: string; stop(): Promise<void> }> {
  const inside = '/var/lib/bench'
  const folder = cluster.hostPath('worker2', inside)
  mkdirSync(folder, { recursive: true })
  copyFileSync(program, join(folder, 'coredns'))
  const address = get('node master', '.status.addresses[0].address')
  const access = cluster.kubectl('config view --raw --flatten')
  writeFileSync(
    join(folder, 'kubeconfig'),
    access.replace(/server: .*/, `server: https://${address}:6443`),
  )
  // The same directives as ours has.
  const corefile = get('configmap coredns -n kube-system', '.data.Corefile')
    .replace('.:53 {', '.:5300 {')
    .replace(/^ *ready$/m, 'ready :5380')
    .replace(/^ *kubernetes .*\{$/m, (line) => `${line}\nkubeconfig ${inside}/kubeconfig`)
  writeFileSync(join(folder, 'Corefile'), corefile)
  const words = cluster.onHost('worker2', `${inside}/coredns`, '-conf', `${inside}/Corefile`)
  const child = spawn(words[0]!, words.slice(1), {
    env: cluster.env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ready =
    'cd /; for i in $(seq 300); do curl -sf http://127.0.0.1:5380/ready && exit; sleep 0.1; done; exit 1'
  const [shell, ...rest] = cluster.onHost('worker2', 'sh', '-c', ready)
  cluster.run(shell!, ...rest)
  return {
    place: '127.0.0.1:5300',
    stop: async () => {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    },
  }
}

/** kube-proxy by open sockets from now on; the rules that the other mode leaves are taken away. */
function useSockets(config: string): void {
  const patch = JSON.stringify({
    data: (JSON.parse(config.replace('mode: nftables', 'mode: kemu-netns')) as { data: object })
      .data,
  })
  cluster.kubectl('patch configmap kube-proxy -n kube-system -p', patch)
  cluster.kubectl('-n kube-system rollout restart daemonset/kube-proxy')
  cluster.kubectl('-n kube-system rollout status daemonset/kube-proxy --timeout=60s')
  const [program, ...words] = cluster.onHost(
    'worker2',
    'nft',
    'delete',
    'table',
    'ip',
    'kube-proxy',
  )
  cluster.run(program!, ...words)
}
