import t from 'tap'
import type { Pod } from '@kemu/api'
import { readStaticPod } from './sources/static-pod.ts'
import { conditionOf, container, KubeletWorld } from './testing/kubelet-world.ts'

interface TestWithTeardown {
  teardown(work: () => Promise<void>): void
}

function makeWorld(test: TestWithTeardown): KubeletWorld {
  const world = new KubeletWorld()
  test.teardown(() => world.close())
  return world
}

function stateOf(pod: Pod | undefined, name = 'main') {
  const all = [
    ...(pod?.status.containerStatuses ?? []),
    ...(pod?.status.initContainerStatuses ?? []),
  ]
  return all.find((status) => status.name === name)
}

t.test('a bound pod runs, gets an address and is told ready, with upstream events', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.create('web')
  await world.clock.advance(10)
  const pod = await world.pod('web')
  t.equal(pod?.status.phase, 'Running')
  t.equal(conditionOf(pod, 'Ready'), 'True')
  t.equal(conditionOf(pod, 'PodReadyToStartContainers'), 'True')
  t.match(pod?.status.podIP, /^10\.0\.0\./)
  t.equal(pod?.status.hostIP, '192.0.2.1')
  t.match(stateOf(pod), { ready: true, started: true, restartCount: 0 })
  t.same(await world.eventsOf('web'), [
    'Pulled: Container image "busybox" already present on machine and can be accessed by the pod',
    'Created: Container created',
    'Started: Container started',
  ])
})

t.test('the node registers with its resources, lease and conditions', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.clock.advance(100)
  const node = await world.node()
  t.match(node.metadata.labels, { 'kubernetes.io/hostname': 'n1', zone: 'a' })
  t.match(node.status.capacity, { cpu: '2', memory: '4Gi', pods: '110' })
  t.equal(node.status.allocatable?.['memory'], '3996Mi')
  t.match(
    node.status.conditions?.map(({ type, status }) => `${type}=${status}`),
    ['MemoryPressure=False', 'DiskPressure=False', 'PIDPressure=False', 'Ready=True'],
  )
  t.ok(world.api.writes.some((write) => write.startsWith('create leases')))
})

t.test(
  'what a runtime accepts and cannot enforce is told by events on the node, once',
  async (t) => {
    const world = makeWorld(t)
    const resourceLimits = 'not enforced: no control groups are mounted'
    const securityContexts = 'not enforced: privileged: containers are plain process trees'
    world.cri.info = { process: JSON.stringify({ resourceLimits, securityContexts }) }
    await world.start()
    await world.clock.advance(60_000)
    const told = (await world.eventsOf('n1')).filter((text) => text.includes('NotEnforced'))
    t.same(told, [
      'LimitsNotEnforced: Limits of containers are accepted and not enforced: ' +
        'no control groups are mounted',
      'SecurityContextNotEnforced: Parts of security contexts are accepted and not enforced: ' +
        'privileged: containers are plain process trees',
    ])
  },
)

t.test('a node without a pod network is not ready until it has a pod CIDR', async (t) => {
  const world = makeWorld(t)
  world.cri.networkReady = false
  await world.start()
  await world.create('waits')
  await world.clock.advance(100)
  const ready = (await world.node()).status.conditions?.find(({ type }) => type === 'Ready')
  t.match(ready, { status: 'False', reason: 'KubeletNotReady' })
  t.match(ready?.message, 'NetworkReady=false reason:NetworkPluginNotReady message:no pod CIDR')
  t.equal((await world.pod('waits'))?.status.phase, 'Pending')
  const node = await world.node()
  await world.client.resource({ ...nodeType }).update({
    ...node,
    spec: { podCIDR: '10.1.0.0/24', podCIDRs: ['10.1.0.0/24'] },
  } as never)
  await world.clock.advance(1_500)
  t.equal(world.cri.podCidr, '10.1.0.0/24')
  t.equal((await world.pod('waits'))?.status.phase, 'Running')
})

t.test(
  'a pod network that appears is seen when somebody looks, and asked for seldom',
  async (t) => {
    const world = makeWorld(t)
    world.cri.networkReady = false
    await world.start()
    await world.clock.advance(100)
    let questions = 0
    world.cri.onStatus = () => questions++
    await world.clock.advance(4_800)
    t.equal(questions, 0, 'a missing network is no reason to ask four times a second')
    world.cri.networkReady = true
    await world.kubelet.monitor.recheck()
    await world.clock.advance(0)
    t.equal(questions, 1)
    const ready = (await world.node()).status.conditions?.find(({ type }) => type === 'Ready')
    t.match(ready, { status: 'True', reason: 'KubeletReady' })
  },
)

const nodeType = { group: '', version: 'v1', resource: 'nodes', kind: 'Node', namespaced: false }

t.test('a container that ends is restarted at once, then with growing pauses', async (t) => {
  const world = makeWorld(t)
  world.cri.endsAtOnce.set('main', 3)
  await world.start()
  await world.create('crash')
  await world.clock.advance(100)
  let pod = await world.pod('crash')
  t.equal(stateOf(pod)?.restartCount, 1)
  t.equal(stateOf(pod)?.state?.waiting?.reason, 'CrashLoopBackOff')
  t.match(
    stateOf(pod)?.state?.waiting?.message,
    /^back-off 10s restarting failed container=main pod=crash_default\(/,
  )
  t.equal(stateOf(pod)?.lastState?.terminated?.exitCode, 3)
  await world.clock.advance(10_000)
  pod = await world.pod('crash')
  t.equal(stateOf(pod)?.restartCount, 2)
  t.match(stateOf(pod)?.state?.waiting?.message, /^back-off 20s/)
  world.cri.endsAtOnce.clear()
  await world.clock.advance(21_000)
  pod = await world.pod('crash')
  t.equal(stateOf(pod)?.restartCount, 3)
  t.equal(conditionOf(pod, 'Ready'), 'True')
})

t.test('an unknown image shows ErrImagePull, then ImagePullBackOff, and heals', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.create('img', { containers: [container('main', { image: 'nosuch:1' })] })
  await world.clock.advance(100)
  t.equal(stateOf(await world.pod('img'))?.state?.waiting?.reason, 'ErrImagePull')
  await world.clock.advance(3_000)
  const waiting = stateOf(await world.pod('img'))?.state?.waiting
  t.equal(waiting?.reason, 'ImagePullBackOff')
  t.match(waiting?.message, /^Back-off pulling image "nosuch:1": ErrImagePull: rpc error: code = /)
  t.match(await world.eventsOf('img'), [
    'Pulling: Pulling image "nosuch:1"',
    /^Failed: Failed to pull image "nosuch:1": rpc error: code = NotFound/,
    'Failed: Error: ErrImagePull',
    'BackOff: Back-off pulling image "nosuch:1"',
    'Failed: Error: ImagePullBackOff',
  ])
  world.cri.imagesKnown.add('nosuch:1')
  await world.clock.advance(10_000)
  t.equal(conditionOf(await world.pod('img'), 'Ready'), 'True')
})

t.test(
  'a deleted pod is stopped with its grace, then taken from the API with all remains',
  async (t) => {
    const world = makeWorld(t)
    await world.start()
    await world.create('gone')
    await world.clock.advance(10)
    await world.askToDelete('gone', 7)
    await world.clock.advance(2_500)
    t.ok(world.cri.log.includes('StopContainer main 7'))
    t.equal(await world.pod('gone'), undefined)
    t.equal(world.cri.sandboxes.size, 0)
    t.equal(world.cri.containers.size, 0)
    t.ok((await world.eventsOf('gone')).includes('Killing: Stopping container main'))
  },
)

t.test('a pod that vanishes from the API is ended too', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.create('forced')
  await world.clock.advance(10)
  await world.api.delete(
    {
      group: '',
      version: 'v1',
      resource: 'pods',
      namespace: 'default',
      name: 'forced',
      subresource: '',
    },
    { gracePeriodSeconds: 0 },
  )
  await world.clock.advance(3_000)
  t.equal(world.cri.sandboxes.size, 0)
})

t.test('a pod that never restarts succeeds or fails by its exit codes', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.create('good', { restartPolicy: 'Never' })
  await world.create('bad', { restartPolicy: 'Never', containers: [container('other')] })
  await world.clock.advance(10)
  world.cri.end('main', 0)
  world.cri.end('other', 1)
  await world.clock.advance(100)
  t.equal((await world.pod('good'))?.status.phase, 'Succeeded')
  t.equal((await world.pod('bad'))?.status.phase, 'Failed')
  t.equal(conditionOf(await world.pod('good'), 'Ready'), 'False')
  t.equal(world.cri.log.filter((line) => line.startsWith('StartContainer')).length, 2)
})

t.test('init containers run one after the other, sidecars stay beside the rest', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.create('staged', {
    initContainers: [
      container('first'),
      container('side', { restartPolicy: 'Always' }),
      container('second'),
    ],
  })
  await world.clock.advance(10)
  t.same(starts(world), ['first'])
  world.cri.end('first', 0)
  await world.clock.advance(10)
  t.same(starts(world), ['first', 'side', 'second'])
  t.equal(conditionOf(await world.pod('staged'), 'Initialized'), 'False')
  world.cri.end('second', 0)
  await world.clock.advance(10)
  t.same(starts(world), ['first', 'side', 'second', 'main'])
  t.equal(conditionOf(await world.pod('staged'), 'Ready'), 'True')
  await world.askToDelete('staged')
  await world.clock.advance(3_000)
  const stops = world.cri.log.filter((line) => line.startsWith('StopContainer'))
  t.match(stops, [/ main /, / side /], 'the sidecar ends last')
})

function starts(world: KubeletWorld): string[] {
  return world.cri.log.flatMap((line) => /^StartContainer (.*)$/.exec(line)?.[1] ?? [])
}

t.test('a failing liveness probe restarts, a failing readiness probe only unreadies', async (t) => {
  const world = makeWorld(t)
  let alive = true
  let ready = true
  world.cri.exec = (_name, [command]) => ({
    exitCode: (command === 'live' ? alive : ready) ? 0 : 1,
    stdout: 'no',
  })
  await world.start()
  const probe = (command: string) => ({
    exec: { command: [command] },
    periodSeconds: 1,
    failureThreshold: 2,
    successThreshold: 1,
    timeoutSeconds: 1,
  })
  await world.create('probed', {
    containers: [
      container('main', { livenessProbe: probe('live'), readinessProbe: probe('ready') }),
    ],
  })
  await world.clock.advance(100)
  t.equal(conditionOf(await world.pod('probed'), 'Ready'), 'True')
  ready = false
  await world.clock.advance(2_100)
  t.equal(conditionOf(await world.pod('probed'), 'Ready'), 'False')
  t.equal(starts(world).length, 1)
  ready = true
  alive = false
  await world.clock.advance(2_500)
  alive = true
  await world.clock.advance(2_000)
  const pod = await world.pod('probed')
  t.equal(stateOf(pod)?.restartCount, 1)
  t.equal(conditionOf(pod, 'Ready'), 'True')
  const events = await world.eventsOf('probed')
  t.ok(events.includes('Unhealthy: Liveness probe failed: no'))
  t.ok(events.includes('Killing: Container main failed liveness probe, will be restarted'))
})

t.test('a restarted kubelet adopts what runs and finishes what was begun', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.create('stays')
  await world.create('ends')
  await world.clock.advance(60_000)
  const before = world.cri.log.length
  await world.restart()
  await world.clock.advance(10)
  t.equal(world.cri.log.length, before, 'nothing was started or stopped')
  t.equal(conditionOf(await world.pod('stays'), 'Ready'), 'True')
  await world.askToDelete('ends')
  await world.clock.advance(3_000)
  t.equal(await world.pod('ends'), undefined)
})

t.test('containers whose pod went away while the kubelet was down are ended', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.create('orphan')
  await world.clock.advance(10)
  await world.kubelet.close()
  await world.api.delete(
    {
      group: '',
      version: 'v1',
      resource: 'pods',
      namespace: 'default',
      name: 'orphan',
      subresource: '',
    },
    { gracePeriodSeconds: 0 },
  )
  await world.restart()
  await world.clock.advance(3_000)
  t.equal(world.cri.sandboxes.size, 0)
})

const manifest = (image: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: etcd, namespace: kube-system}
spec:
  hostNetwork: true
  containers: [{name: etcd, image: ${image}}]
`

t.test('static pods run without an API and get mirrors when there is one', async (t) => {
  const world = makeWorld(t)
  await world.start({ withApi: false })
  const read = (image: string) =>
    readStaticPod({ path: '/m/etcd.yaml', text: manifest(image), seenAtMs: 0 }, 'n1')
  world.kubelet.setStaticPods([read('web:1')])
  await world.clock.advance(10)
  t.same(starts(world), ['etcd'])
  await world.connect()
  await world.clock.advance(100)
  const mirror = await world.pod('etcd-n1', 'kube-system')
  t.equal(mirror?.metadata.ownerReferences?.[0]?.kind, 'Node')
  t.equal(mirror?.status.phase, 'Running')
  t.equal(mirror?.status.podIP, '192.0.2.1')
  world.kubelet.setStaticPods([read('busybox:latest')])
  await world.clock.advance(5_000)
  t.same(starts(world), ['etcd', 'etcd'], 'the edited pod replaces the old one')
  t.equal(world.cri.running('etcd').length, 1)
  const next = await world.pod('etcd-n1', 'kube-system')
  t.equal(next?.spec.containers[0]?.image, 'busybox:latest')
  world.kubelet.setStaticPods([])
  await world.clock.advance(5_000)
  t.equal(await world.pod('etcd-n1', 'kube-system'), undefined)
  t.equal(world.cri.running('etcd').length, 0)
})

t.test('a pod that does not fit is refused with reason and message', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.create('big', {
    containers: [container('main', { resources: { requests: { cpu: '3' } } })],
  })
  await world.clock.advance(10)
  t.match((await world.pod('big'))?.status, {
    phase: 'Failed',
    reason: 'OutOfcpu',
    message:
      "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000",
  })
  t.equal(world.cri.sandboxes.size, 0)
})

t.test('a missing config map holds the pod up, and its coming lets it go on', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.create('cfg', {
    containers: [container('main', { volumeMounts: [{ name: 'c', mountPath: '/c' }] })],
    volumes: [{ name: 'c', configMap: { name: 'settings' } }],
  })
  await world.clock.advance(100)
  t.ok(
    (await world.eventsOf('cfg')).includes(
      'FailedMount: MountVolume.SetUp failed for volume "c" : configmap "settings" not found',
    ),
  )
  await world.api.create(
    {
      group: '',
      version: 'v1',
      resource: 'configmaps',
      namespace: 'default',
      name: '',
      subresource: '',
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { a: '1' } },
  )
  await world.clock.advance(100)
  t.equal(conditionOf(await world.pod('cfg'), 'Ready'), 'True')
})

t.test('while an image is pulled the pod shows its address already', async (t) => {
  const world = makeWorld(t)
  let pulled = (): void => undefined
  world.cri.pulls = new Promise((resolve) => (pulled = resolve))
  await world.start()
  await world.create('slow', { containers: [container('main', { image: 'web:1' })] })
  await world.clock.advance(300)
  const waiting = await world.pod('slow')
  t.match(waiting?.status.podIP, /^10\.0\.0\./)
  t.equal(conditionOf(waiting, 'PodReadyToStartContainers'), 'True')
  t.equal(stateOf(waiting)?.state?.waiting?.reason, 'ContainerCreating')
  pulled()
  await world.clock.advance(10)
  t.equal(conditionOf(await world.pod('slow'), 'Ready'), 'True')
})

t.test('activeDeadlineSeconds ends a pod with its reason', async (t) => {
  const world = makeWorld(t)
  await world.start()
  let stopped = (): void => undefined
  world.cri.stops = new Promise((resolve) => (stopped = resolve))
  await world.create('late', { activeDeadlineSeconds: 5 })
  await world.clock.advance(8_000)
  t.match((await world.pod('late'))?.status, { phase: 'Running' }, 'as long as it stops')
  stopped()
  await world.clock.advance(1_000)
  t.match((await world.pod('late'))?.status, { phase: 'Failed', reason: 'DeadlineExceeded' })
  t.equal(world.cri.running('main').length, 0)
})

t.test('a pod that succeeded in time stays succeeded when its deadline passes', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.create('quick', { activeDeadlineSeconds: 5, restartPolicy: 'Never' })
  await world.clock.advance(10)
  world.cri.end('main', 0)
  await world.clock.advance(20_000)
  await world.restart()
  await world.clock.advance(20_000)
  t.match((await world.pod('quick'))?.status, { phase: 'Succeeded' })
})

t.test('a sandbox that died is made anew, and its containers with it', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.create('reborn')
  await world.clock.advance(10)
  const [sandbox] = world.cri.sandboxes.values()
  await world.cri.runtime.StopPodSandbox({ podSandboxId: sandbox!.id })
  await world.clock.advance(11_000)
  t.equal(world.cri.running('main').length, 1)
  t.equal(stateOf(await world.pod('reborn'))?.restartCount, 1)
  t.ok(
    (await world.eventsOf('reborn')).includes(
      'SandboxChanged: Pod sandbox changed, it will be killed and re-created.',
    ),
  )
})
