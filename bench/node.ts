// Pods on one worker: bind to Ready one after the other, and pods per second all at once, for the machine's own
// programs, for a loaded image under crun, and for a real node in the same run where there is one.
//   npm run bench -- node [PODS] [ARCHIVE] [KUBECONFIG_OF_REAL_NODE]
// ARCHIVE holds registry.k8s.io/pause:3.10.2 (`peers build images` makes pause.tar); without it crun is left out.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoreV1Api, KubeConfig, Watch } from '@kubernetes/client-node'
import type { V1Pod } from '@kubernetes/client-node'
import { machineLine, summary } from './support/figures.ts'

const root = process.env['KEMU_ROOT']!
const [count = '30', archive = '', realNode = ''] = process.argv.slice(2)
const pods = Number(count)
const image = 'registry.k8s.io/pause:3.10.2'
const state = mkdtempSync(join(tmpdir(), 'kemu-bench-'))
const env = { ...process.env, KEMU_STATE_DIR: state }

console.log(machineLine())
console.log(`${pods} pods of ${image} on one worker\n`)
try {
  kemu('up', '--hosts', '2')
  const own = join(state, 'bench/kubeconfig')
  await measure('process', own, '')
  if (existsSync(archive)) {
    kemu('image load', archive)
    await measure('crun', own, '')
  }
  if (realNode !== '') await measure('real node', realNode, 'reference')
} finally {
  kemu('delete')
  rmSync(state, { recursive: true, force: true })
}

function kemu(command: string, ...args: readonly string[]): void {
  const words = [join(root, 'packages/cli/bin/kemu.cjs'), ...command.split(' '), ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, [...words, '--name', 'bench'], {
    env,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`kemu ${command} ended with ${status}:\n${stdout}${stderr}`)
}

interface Moments {
  boundMs?: number
  readyMs?: number
}

async function measure(name: string, kubeconfig: string, node: string): Promise<void> {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  const client = config.makeApiClient(CoreV1Api)
  const seen = new Map<string, Moments>()
  const wakes = new Set<() => void>()
  const watch = await new Watch(config).watch(
    '/api/v1/namespaces/default/pods',
    {},
    (_type, pod: V1Pod) => {
      note(seen, pod)
      for (const wake of wakes) wake()
    },
    () => undefined,
  )
  const until = (done: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!done()) return
        wakes.delete(check)
        resolve()
      }
      wakes.add(check)
      check()
    })
  const create = (pod: string): Promise<unknown> =>
    client.createNamespacedPod({ namespace: 'default', body: podOf(pod, node) })
  const isReady = (pod: string): boolean => seen.get(pod)?.readyMs !== undefined
  const prefix = name.replaceAll(' ', '-')
  const single = Array.from({ length: Math.min(pods, 20) }, (_, i) => `${prefix}-one-${i}`)
  for (const pod of [`${prefix}-warm-up`, ...single]) {
    await create(pod)
    await until(() => isReady(pod))
  }
  const together = Array.from({ length: pods }, (_, i) => `${prefix}-all-${i}`)
  const beganMs = performance.now()
  await Promise.all(together.map(create))
  await until(() => together.every(isReady))
  const tookMs = performance.now() - beganMs
  const times = single.map((pod) => seen.get(pod)!.readyMs! - seen.get(pod)!.boundMs!)
  console.log(
    `${name}: bind to Ready ${summary(times, 'ms', 1)}, p99 ${largest(times).toFixed(1)} ms`,
  )
  console.log(
    `${name}: ${pods} at once in ${tookMs.toFixed(0)} ms: ${((pods / tookMs) * 1000).toFixed(1)} pods/s`,
  )
  for (const pod of seen.keys())
    await client.deleteNamespacedPod({ name: pod, namespace: 'default', gracePeriodSeconds: 0 })
  watch.abort()
}

function note(seen: Map<string, Moments>, pod: V1Pod): void {
  const moments = seen.get(pod.metadata!.name!) ?? {}
  seen.set(pod.metadata!.name!, moments)
  if (pod.spec?.nodeName) moments.boundMs ??= performance.now()
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready?.status === 'True') moments.readyMs ??= performance.now()
}

function podOf(name: string, node: string): V1Pod {
  return {
    metadata: { name },
    spec: {
      containers: [{ name: 'pause', image }],
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      ...(node === '' ? {} : { nodeSelector: { 'kubernetes.io/hostname': node } }),
    },
  }
}

/** With so few runs the 99th percentile is the largest. */
function largest(values: readonly number[]): number {
  return Math.max(...values)
}
