import { readFileSync } from 'node:fs'
import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { isReady } from '../support/objects.ts'
import type { Listed, PodObject } from '../support/objects.ts'
import { hasOwnEtcd, needs } from '../support/programs.ts'

const skip = needs('kubectl')

/** Pids of a component's processes on a host, from `kemu status`. */
async function pidsOf(cluster: TestCluster, component: string, host: string): Promise<number[]> {
  const { stdout } = await cluster.kemu('status')
  return stdout
    .split('\n')
    .map((line) => line.split(/ {2,}/))
    .filter((cells) => cells[0] === host && cells[1] === component && /^\d+$/.test(cells[2] ?? ''))
    .map((cells) => Number(cells[2]))
}

/** Kills the component and resolves when another process has its place. */
async function killAndAwaitSuccessor(
  cluster: TestCluster,
  component: string,
  host: string,
): Promise<void> {
  const [old] = await pidsOf(cluster, component, host)
  process.kill(old!, 'SIGKILL')
  await eventually(`${component} runs again`, async () => {
    const pids = await pidsOf(cluster, component, host)
    return pids.length > 0 && !pids.includes(old!) ? true : undefined
  })
}

t.test('after kill -9 of any component the cluster is whole again', { skip }, async (t) => {
  const cluster = await TestCluster.start()
  t.teardown(() => cluster.remove())
  await cluster.kubectl('create', 'deployment', 'web', '--image=hello', '--replicas=2')
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=240s')
  let replicas = 2

  for (const [component, host] of [
    ...(hasOwnEtcd ? [['etcd', 'master'] as const] : []),
    ['kube-apiserver', 'master'],
    ['kube-controller-manager', 'master'],
    ['kube-scheduler', 'master'],
    ['kubelet', 'worker1'],
    ['container-runtime', 'worker1'],
    ['kube-proxy', 'worker1'],
    ['kubelet', 'master'],
    ['container-runtime', 'master'],
  ] as const) {
    await t.test(`${component} on ${host}`, async (t) => {
      await killAndAwaitSuccessor(cluster, component, host)
      replicas = replicas === 2 ? 4 : 2
      await eventually('the API takes a new wish', async () => {
        const { code } = await cluster.tryKubectl('scale', 'deploy/web', `--replicas=${replicas}`)
        return code === 0 ? true : undefined
      })
      await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=240s')
      const { items } = await cluster.json<Listed<PodObject>>('pods', '-l', 'app=web')
      const kept = items.filter((pod) => pod.metadata.deletionTimestamp === undefined)
      t.equal(kept.filter(isReady).length, replicas)
    })
  }
})

t.test(
  'containers outlive their runtime and their kubelet: same pids, no gap in the log, exit codes known',
  { skip },
  async (t) => {
    const cluster = await TestCluster.start({ hosts: 2 })
    t.teardown(() => cluster.remove())
    const script =
      'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); echo line $i; sleep 0.01; [ -e /tmp/end ] && exit 3; done'
    await cluster.kubectl(
      'run',
      'counter',
      '--image=busybox',
      '--restart=Never',
      '--',
      'sh',
      '-c',
      script,
    )
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/counter', '--timeout=240s')
    const pid = (
      await cluster.kubectl(
        'exec',
        'counter',
        '--',
        'sh',
        '-c',
        'readlink /proc/self >/dev/null; cut -d" " -f1 /proc/1/stat; cat /proc/1/stat | cut -d" " -f22',
      )
    ).trim()

    await killAndAwaitSuccessor(cluster, 'container-runtime', 'worker1')
    await killAndAwaitSuccessor(cluster, 'kubelet', 'worker1')
    const after = (
      await eventually('exec works again', async () => {
        const { code, stdout } = await cluster.tryKubectl(
          'exec',
          'counter',
          '--',
          'sh',
          '-c',
          'cut -d" " -f1 /proc/1/stat; cat /proc/1/stat | cut -d" " -f22',
        )
        return code === 0 ? stdout : undefined
      })
    ).trim()
    t.equal(after, pid, 'the same process (pid and start time)')
    const pod = await cluster.json<PodObject>('pod', 'counter')
    t.equal(pod.status.containerStatuses![0]!.restartCount, 0)

    await cluster.kubectl('exec', 'counter', '--', 'touch', '/tmp/end')
    const ended = await eventually('the end is known', async () => {
      const { status } = await cluster.json<PodObject>('pod', 'counter')
      return status.phase === 'Failed' ? status : undefined
    })
    t.match(ended.containerStatuses![0]!.state['terminated'], { exitCode: 3, reason: 'Error' })
    const numbers = (await cluster.kubectl('logs', 'counter'))
      .trim()
      .split('\n')
      .map((line) => Number(line.split(' ')[1]))
    t.same(
      numbers,
      Array.from({ length: numbers.length }, (_, i) => i + 1),
      'every line once, in order',
    )
  },
)

t.test(
  'a worker whose host dies turns NotReady, its pods are replaced, and it joins again',
  { skip },
  async (t) => {
    const args = [
      '--extra-arg',
      'kube-controller-manager:node-monitor-grace-period=10s',
      // A lease is renewed four times in its length; a node that is only slow must not count as dead.
      '--extra-arg',
      'kubelet:nodeLeaseDurationSeconds=8',
      '--extra-arg',
      'kube-controller-manager:node-monitor-period=500ms',
      '--extra-arg',
      'kube-apiserver:default-not-ready-toleration-seconds=2',
      '--extra-arg',
      'kube-apiserver:default-unreachable-toleration-seconds=2',
    ]
    const cluster = await TestCluster.start({ args })
    t.teardown(() => cluster.remove())
    await cluster.kubectl('create', 'deployment', 'web', '--image=hello', '--replicas=2')
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=240s')
    const ready = async (node: string): Promise<string> =>
      cluster.kubectl(
        'get',
        'node',
        node,
        '-o',
        'jsonpath={.status.conditions[?(@.type=="Ready")].status}',
      )

    const { pid } = JSON.parse(
      readFileSync(`${cluster.directory}/hosts/worker1/host.pid`, 'utf8'),
    ) as { pid: number }
    process.kill(pid, 'SIGKILL')
    await eventually('worker1 is not Ready', async () =>
      (await ready('worker1')) === 'Unknown' ? true : undefined,
    )
    await eventually('its pod is replaced on worker2', async () => {
      const { items } = await cluster.json<Listed<PodObject>>('pods', '-l', 'app=web')
      const well = items.filter(
        (pod) => pod.metadata.deletionTimestamp === undefined && isReady(pod),
      )
      return well.length === 2 && well.every((pod) => pod.spec.nodeName === 'worker2')
        ? true
        : undefined
    })
    const before = await cluster.kubectl('get', 'node', 'worker1', '-o', 'jsonpath={.metadata.uid}')
    await cluster.kemuSucceeds('up')
    await eventually('worker1 is Ready again', async () =>
      (await ready('worker1')) === 'True' ? true : undefined,
    )
    t.equal(
      await cluster.kubectl('get', 'node', 'worker1', '-o', 'jsonpath={.metadata.uid}'),
      before,
    )
    await eventually('the pods that were evicted are gone', async () => {
      const { items } = await cluster.json<Listed<PodObject>>('pods', '-l', 'app=web')
      return items.length === 2 ? true : undefined
    })
  },
)
