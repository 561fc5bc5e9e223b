// Services and names: requests per second through a service against a direct connection (nftables, then the user-space
// proxy), how long a change of one service takes among many, and answers per second of the cluster's DNS.
//   npm run bench -- network [SECONDS] [SERVICES...]
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EndpointSlice, Service } from '@kemu/api'
import { silentLogger, systemClock } from '@kemu/base'
import { createMetrics, planService, RuleCarrier } from '@kemu/kube-proxy'
import type { PlanContext, ServicePlan } from '@kemu/kube-proxy'
import { parseCidr } from '@kemu/network/address'
import { NetworkNamespace } from '@kemu/network/testing'
import { machineLine, summary } from './support/figures.ts'
import { dnsLoad, httpLoad } from './support/load-scripts.ts'

const root = process.env['KEMU_ROOT']!
const [seconds = '5', ...counts] = process.argv.slice(2)
const sizes = (counts.length > 0 ? counts : ['10', '1000', '10000']).map(Number)

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
requests()

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

/** One server pod on worker1; the load comes from the host worker2. */
function requests(): void {
  const state = mkdtempSync(join(tmpdir(), 'kemu-bench-'))
  const env = { ...process.env, KEMU_STATE_DIR: state, KUBECONFIG: join(state, 'bench/kubeconfig') }
  const run = (program: string, ...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8' })
    if (status !== 0)
      throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`)
    return stdout.trim()
  }
  const kemu = (...args: readonly string[]): string =>
    run(process.execPath, join(root, 'packages/cli/bin/kemu.cjs'), ...args)
  const get = (what: string, path: string): string =>
    run('kubectl', 'get', ...what.split(' '), '-o', `jsonpath={${path}}`)
  const onHost = (script: string, ...args: readonly string[]): string =>
    kemu('enter', '--name', 'bench', 'worker2', '--', 'node', '-e', script, ...args)
  const ask = (url: string, kept: boolean): Load =>
    JSON.parse(onHost(httpLoad, url, seconds, String(kept))) as Load

  kemu('up', '--name', 'bench')
  try {
    run('kubectl', 'create', 'deployment', 'hello', '--image=hello')
    run('kubectl', 'expose', 'deployment', 'hello', '--port=80', '--target-port=8001')
    run('kubectl', 'rollout', 'status', 'deployment/hello', '--timeout=60s')
    const pod = get('pods -l app=hello', '.items[0].status.podIP')
    const service = get('service hello', '.spec.clusterIP')
    const compare = (mode: string): void => {
      for (const kept of [false, true]) {
        ask(`http://${service}/`, kept) // warm-up
        const rounds = [1, 2, 3].map(() => ({
          direct: ask(`http://${pod}:8001/`, kept),
          through: ask(`http://${service}/`, kept),
        }))
        const ratio = rounds.map(
          ({ direct, through }) => (100 * through.perSecond) / direct.perSecond,
        )
        const way = kept ? 'kept-alive' : 'fresh'
        console.log(`  ${mode}, ${way} connections: ${summary(ratio, '% of direct')}`)
        const [{ direct, through }] = rounds as [(typeof rounds)[0]]
        for (const [name, load] of Object.entries({ direct, through }))
          console.log(
            `    ${name}: ${load.perSecond.toFixed(0)}/s, p50 ${load.p50Ms.toFixed(2)} ms, p99 ${load.p99Ms.toFixed(2)} ms`,
          )
      }
    }
    console.log(`\nrequests to one pod, 16 at a time, ${seconds} s a round, 3 rounds`)
    compare(
      get('configmap kube-proxy -n kube-system', '.data.config\\.conf').includes('nftables')
        ? 'nftables'
        : 'user space',
    )
    const names = JSON.parse(
      onHost(dnsLoad, get('service kube-dns -n kube-system', '.spec.clusterIP'), seconds),
    ) as Load
    console.log(
      `\nDNS answers over UDP, 32 at a time: ${names.perSecond.toFixed(0)}/s, p50 ${names.p50Ms.toFixed(2)} ms, p99 ${names.p99Ms.toFixed(2)} ms`,
    )
    const config = run(
      'kubectl',
      'get',
      'configmap',
      'kube-proxy',
      '-n',
      'kube-system',
      '-o',
      'json',
    )
    const patched = config.replace('mode: nftables', 'mode: kemu-netns')
    const file = spawnSync('kubectl', ['apply', '-f', '-'], {
      env,
      input: patched,
      encoding: 'utf8',
    })
    if (file.status !== 0) throw new Error(file.stderr)
    run('kubectl', '-n', 'kube-system', 'rollout', 'restart', 'daemonset/kube-proxy')
    run(
      'kubectl',
      '-n',
      'kube-system',
      'rollout',
      'status',
      'daemonset/kube-proxy',
      '--timeout=60s',
    )
    kemu('enter', '--name', 'bench', 'worker2', '--', 'nft', 'delete', 'table', 'ip', 'kube-proxy')
    console.log('')
    compare('user space')
  } finally {
    kemu('delete', '--name', 'bench')
    rmSync(state, { recursive: true, force: true })
  }
}

interface Load {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}
