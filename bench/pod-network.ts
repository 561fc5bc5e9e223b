// What joining and leaving the pod network costs a pod: the built-in plugin and real ones, against a pod on its host's
// network, in turn in one run.
//   npm run bench -- pod-network [PODS]        (CNI_PATH: where bridge and host-local are)
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CriClient } from '@kemu/container-runtime/client'
import { machineLine } from './support/figures.ts'

const root = process.env['KEMU_ROOT']!
const [pods = '100'] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'kemu-bench-'))
const plugins = [process.env['CNI_PATH'] ?? '', '/opt/cni/bin', '/usr/lib/cni'].find(
  (dir) => dir !== '' && existsSync(join(dir, 'host-local')),
)
const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
/** A namespace that nothing leads out of. */
const setUp = 'ip link set lo up && ip route add blackhole 10.0.0.0/8 metric 4000 && exec "$@"'

interface Contender {
  readonly name: string
  readonly hostNetwork: boolean
  readonly client: CriClient
  readonly child: ChildProcess
  readonly add: number[]
  readonly del: number[]
}

const hostLocal = (subnet: string): object => ({
  type: 'host-local',
  ranges: [[{ subnet }]],
  routes: [{ dst: '0.0.0.0/0' }],
  dataDir: join(folder, 'ipam'),
})
const portmap = { type: 'portmap', capabilities: { portMappings: true } }
const builtIn = [{ type: 'pod-network', ipam: hostLocal('10.244.1.0/24') }, portmap]
const bridge = [
  { type: 'bridge', bridge: 'cni0', isGateway: true, ipam: hostLocal('10.22.0.0/24') },
]
const ptp = [{ type: 'ptp', ipam: hostLocal('10.23.0.0/24') }]

console.log(machineLine())
console.log(`${pods} pods each, in turn: RunPodSandbox, then StopPodSandbox and RemovePodSandbox\n`)
const contenders = [
  await start("the host's network", builtIn, true),
  await start('built-in', builtIn),
  ...(plugins === undefined
    ? []
    : [
        await start('bridge, host-local', bridge),
        await start('bridge, host-local, portmap', [...bridge, portmap]),
        await start('ptp, host-local', ptp),
      ]),
]
if (plugins === undefined) console.log('no CNI plugins found: real ones are left out')
for (let i = 0; i < Number(pods) + 5; i++)
  for (const each of contenders) await onePod(each, i, i >= 5)
const [base, ...others] = contenders
console.log(
  'ms                              ADD p50    p99    DEL p50    p99   (and over a pod on its host)',
)
print(base!)
for (const each of others) print(each, base)
for (const { client, child } of contenders) {
  client.close()
  child.kill('SIGTERM')
  await once(child, 'exit')
}
rmSync(folder, { recursive: true, force: true })

async function start(name: string, list: object[], hostNetwork = false): Promise<Contender> {
  const dir = mkdtempSync(join(folder, 'runtime-'))
  mkdirSync(join(dir, 'net.d'))
  const text = JSON.stringify({ cniVersion: '1.0.0', name: 'bench', plugins: list })
  writeFileSync(join(dir, 'net.d/10-bench.conflist'), text)
  const words = [
    process.execPath,
    join(root, 'packages/cli/bin/kemu.cjs'),
    'container-runtime',
    `--listen=${join(dir, 's')}`,
    `--root=${join(dir, 'root')}`,
    '--network=netns',
    `--cni-conf-dir=${join(dir, 'net.d')}`,
    `--cni-state-dir=${join(dir, 'cni')}`,
    `--cni-bin-dir=${plugins ?? '/opt/cni/bin'}`,
    '--log-level=warn',
  ]
  const enter = [...user, '--net', '--mount', 'sh', '-c', setUp, 'sh']
  const child = spawn('unshare', [...enter, ...words], { stdio: ['ignore', 'inherit', 'inherit'] })
  const client = new CriClient(join(dir, 's'))
  await client.ready(30_000)
  return { name, hostNetwork, client, child, add: [], del: [] }
}

async function onePod(
  { client, hostNetwork, add, del }: Contender,
  number: number,
  counts: boolean,
): Promise<void> {
  const network = hostNetwork ? 'NODE' : 'POD'
  const config = {
    metadata: { name: `p${number}`, namespace: 'default', uid: `u${number}`, attempt: 0 },
    linux: { securityContext: { namespaceOptions: { pid: 'CONTAINER', network } } },
  } as const
  const beganMs = performance.now()
  const { podSandboxId } = await client.runtime.RunPodSandbox({ config })
  const runsMs = performance.now()
  await client.runtime.StopPodSandbox({ podSandboxId })
  await client.runtime.RemovePodSandbox({ podSandboxId })
  if (!counts) return
  add.push(runsMs - beganMs)
  del.push(performance.now() - runsMs)
}

function print({ name, add, del }: Contender, base?: Contender): void {
  const cells = [add, del].flatMap((values, index) =>
    [0.5, 0.99].map((part) => {
      const value = quantile(values, part)
      const over = base && value - quantile(index === 0 ? base.add : base.del, part)
      return `${value.toFixed(1).padStart(7)}${over === undefined ? '' : ` (${over.toFixed(1)})`}`
    }),
  )
  console.log(`${name.padEnd(30)} ${cells.join(' ')}`)
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!
}
