// Services and names: requests per second through a service against a direct connection (nftables, then the user-space
// proxy), how long a change of one service takes among many, and answers per second of the cluster's DNS; what is compared
// runs in turn, in one process. What the pod network costs a pod is `npm run bench -- pod-network`.
//   npm run bench -- network [--slices N] [--services 10,1000,10000] [--coredns PROGRAM]
// PROGRAM is a real CoreDNS that answers for the same cluster beside ours.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
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
/** Of the name servers' files, inside a host. */
const folder = '/var/lib/bench'
const root = process.env['KEMU_ROOT'] ?? process.cwd()
/** The node of each. */
const pods = { client: 'worker2', direct: 'worker1', served: 'worker1' }

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
 * Two like server pods on worker1, one spoken to directly and one through its service; the load comes from a pod on
 * worker2. One server would not do: it remembers a closed connection for a minute by the client's port, and both ways to
 * it come from the same ports, so that it would refuse first packets of one way for what it remembers of the other.
 */
async function traffic(): Promise<void> {
  for (const [name, nodeName] of Object.entries(pods)) {
    const overrides = JSON.stringify({ apiVersion: 'v1', spec: { nodeName } })
    cluster.kubectl(`run ${name} --image=hello --overrides`, overrides)
  }
  cluster.kubectl('expose pod served --port=80 --target-port=8001')
  const ready = Object.keys(pods).map((name) => `pod/${name}`)
  cluster.kubectl('wait --for=condition=Ready --timeout=60s', ...ready)
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
    const printed = cluster.kubectl('exec client -- node -e', httpLoad, ...words, ...urls)
    const [direct, through] = JSON.parse(printed) as [Load[], Load[]]
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

function get(what: string, path: string): string {
  return cluster.kubectl(`get ${what} -o`, `jsonpath={${path}}`)
}

interface NameServer {
  readonly place: string
  stop(): Promise<void>
}

/** Our DNS server, and a real one, on the host that asks: both with the cluster's Corefile, watching its API server. */
async function names(): Promise<void> {
  const kemu = [process.execPath, join(root, 'packages/cli/bin/kemu.cjs'), 'coredns']
  const servers = [await startServer('ours', kemu, 5300)]
  try {
    if (values.coredns !== '') {
      const inside = `${folder}/coredns`
      copyFileSync(values.coredns, cluster.hostPath('worker2', inside))
      servers.push(await startServer('real', [inside], 5301))
    }
    const places = servers.map(({ place }) => place)
    const words = [values.slices, String(sliceMs), ...places]
    const [program, ...rest] = cluster.onHost('worker2', 'node', '-e', dnsLoad, ...words)
    const [ours, theirs] = JSON.parse(cluster.run(program!, ...rest)) as Load[][]
    console.log('\nDNS answers over UDP, 32 at a time')
    print('ours', ours!)
    if (!theirs) return
    print('CoreDNS', theirs)
    const ratios = ours!.map(({ perSecond }, i) => (100 * perSecond) / theirs[i]!.perSecond)
    console.log(`  ours: ${summary(ratios, '% of CoreDNS')}`)
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
}

/** Its files lie in the host's own directory: hosts do not see the rest of the machine. Resolves when it is ready. */
async function startServer(
  name: string,
  program: readonly string[],
  port: number,
): Promise<NameServer> {
  const write = (file: string, text: string): void => {
    const path = cluster.hostPath('worker2', `${folder}/${file}`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  const address = get('node master', '.status.addresses[0].address')
  const access = cluster.kubectl('config view --raw --flatten')
  write('kubeconfig', access.replace(/server: .*/, `server: https://${address}:6443`))
  const corefile = get('configmap coredns -n kube-system', '.data.Corefile')
    .replace('.:53 {', `.:${port} {`)
    .replace(/^ *health \{$/m, `health :${port + 100} {`)
    .replace(/^ *ready$/m, `ready :${port + 200}`)
    .replace(/^ *prometheus .*$/m, `prometheus :${port + 300}`)
    .replace(/^ *kubernetes .*\{$/m, (line) => `${line}\nkubeconfig ${folder}/kubeconfig`)
  write(`Corefile-${name}`, corefile)
  const words = cluster.onHost('worker2', ...program, '-conf', `${folder}/Corefile-${name}`)
  const child = spawn(words[0]!, words.slice(1), {
    env: cluster.env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ready = `cd /; for i in $(seq 300); do curl -sf http://127.0.0.1:${port + 200}/ready && exit; sleep 0.1; done; exit 1`
  const [shell, ...rest] = cluster.onHost('worker2', 'sh', '-c', ready)
  cluster.run(shell!, ...rest)
  return {
    place: `127.0.0.1:${port}`,
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
