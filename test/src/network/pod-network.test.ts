import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { runServer, seenFromHost, seenFromPod } from '../support/pod-addresses.ts'
import { needs, root } from '../support/programs.ts'

t.setTimeout(1_200_000)

const manifest = join(root, 'packages/pod-network/manifests/pod-network.yaml')
const noNetwork =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady ' +
  'message:Network plugin returns error: cni plugin not initialized'

interface Nodes {
  items: {
    metadata: { name: string }
    status: {
      conditions: { type: string; status: string; message: string }[]
      addresses: { type: string; address: string }[]
    }
  }[]
}

const skip = needs('kubectl', 'ip')

t.test(
  'the pod network is applied by the person, and pods reach each other by their own addresses',
  { skip },
  async (t) => {
    const cluster = await TestCluster.start({
      hosts: 2,
      args: ['--pod-network=none', '--network=netns'],
    })
    t.teardown(() => cluster.remove())
    const onHost = (host: string, ...command: string[]): Promise<string> =>
      cluster.kemuSucceeds('enter', host, ...command)
    const routes = async (host: string): Promise<string> =>
      onHost(host, 'ip', 'route', 'show', 'proto', '76')

    await t.test(
      'without it nodes say so, and pods with addresses of their own wait',
      async (t) => {
        const { items } = await cluster.json<Nodes>('nodes')
        for (const { status } of items) {
          t.match(
            status.conditions.find(({ type }) => type === 'Ready'),
            { status: 'False', message: noNetwork },
          )
        }
        const pods = await eventually('pods on the network of their host run', async () => {
          const listed = await cluster.kubectl('get', 'pods', '-n', 'kube-system')
          return /etcd-master +1\/1 +Running/.test(listed) ? listed : undefined
        })
        t.match(pods, /coredns-\S+ +0\/1 +Pending/)
      },
    )

    await t.test('with it nodes are Ready', async (t) => {
      const applied = await cluster.kubectl('apply', '-f', manifest)
      t.match(applied, /namespace\/kube-network created/)
      t.match(applied, /daemonset.apps\/pod-network created/)
      await cluster.kubectl('wait', '--for=condition=Ready', 'node', '--all', '--timeout=240s')
      await cluster.kubectl(
        '-n',
        'kube-system',
        'rollout',
        'status',
        'deployment/coredns',
        '--timeout=240s',
      )
      const list = await onHost('worker1', 'cat', '/etc/cni/net.d/10-pod-network.conflist')
      t.match(JSON.parse(list), {
        plugins: [{ type: 'pod-network', mtu: 1500 }, { type: 'portmap' }],
      })
    })

    const { items } = await cluster.json<Nodes>('nodes')
    const hostAddress = (host: string): string =>
      items
        .find(({ metadata }) => metadata.name === host)!
        .status.addresses.find(({ type }) => type === 'InternalIP')!.address
    const one = await runServer(cluster, 'one', { nodeName: 'worker1' })
    const near = await runServer(cluster, 'near', { nodeName: 'worker1' })
    const far = await runServer(cluster, 'far', { nodeName: 'master' })

    await t.test(
      'every pod and host sees every other as it is: nothing is translated',
      async (t) => {
        t.equal(await seenFromPod(cluster, 'one', far), one, 'pod to pod on another node')
        t.equal(await seenFromPod(cluster, 'far', one), far)
        t.equal(await seenFromPod(cluster, 'one', near), one, 'pod to pod on the same node')
        t.equal(await seenFromPod(cluster, 'one', one), one, 'pod to itself')
        t.equal(await seenFromHost(cluster, 'master', one), hostAddress('master'), 'host to pod')
        t.equal(await seenFromHost(cluster, 'worker1', one), hostAddress('worker1'))
        await runServer(cluster, 'hosted', { nodeName: 'worker1', hostNetwork: true })
        t.equal(await seenFromPod(cluster, 'far', hostAddress('worker1')), far, 'pod to host')
        t.equal(await seenFromPod(cluster, 'one', hostAddress('worker1')), one)
      },
    )

    await t.test('kill -9 of the agents stops nothing, and they find what they laid', async (t) => {
      const before = [await routes('master'), await routes('worker1')]
      t.match(before[0], /blackhole 10\.244\.0\.0\/16/)
      t.match(before[0], new RegExp(`10\\.244\\.1\\.0/24 via ${hostAddress('worker1')} dev eth0`))
      const agents = async (): Promise<number[]> =>
        [...(await cluster.kemuSucceeds('status')).matchAll(/ pod-network +(\d+) /g)].map(
          ([, pid]) => Number(pid),
        )
      const killed = await agents()
      t.equal(killed.length, 2)
      for (const pid of killed) process.kill(pid, 'SIGKILL')
      t.same([await routes('master'), await routes('worker1')], before)
      t.equal(await seenFromPod(cluster, 'one', far), one)
      await eventually('the agents run again', async () =>
        (await agents()).filter((pid) => !killed.includes(pid)).length === 2 ? true : undefined,
      )
      t.same([await routes('master'), await routes('worker1')], before)
    })

    await t.test('a route that somebody takes away comes back', async (t) => {
      const before = await routes('master')
      await onHost('master', 'ip', 'route', 'del', '10.244.1.0/24')
      await eventually('the route is there', async () =>
        (await routes('master')) === before ? true : undefined,
      )
      await onHost('master', 'ip', 'link', 'set', 'eth0', 'down')
      await onHost('master', 'ip', 'link', 'set', 'eth0', 'up')
      await eventually('the routes are there', async () =>
        (await routes('master')) === before ? true : undefined,
      )
      t.equal(await seenFromPod(cluster, 'far', one), far)
    })

    await t.test(
      'vxlan by the same manifest, with one word changed',
      { skip: needs('bridge') },
      async (t) => {
        const changed = readFileSync(manifest, 'utf8').replace(
          '"Type": "host-gw"',
          '"Type": "vxlan"',
        )
        t.match(
          await cluster.kubectlWithInput(changed, 'apply', '-f', '-'),
          /configmap\/pod-network configured/,
        )
        await cluster.kubectl('-n', 'kube-network', 'rollout', 'restart', 'daemonset/pod-network')
        await cluster.kubectl(
          '-n',
          'kube-network',
          'rollout',
          'status',
          'daemonset/pod-network',
          '--timeout=240s',
        )
        for (const host of ['master', 'worker1'])
          await eventually(`${host} has its tunnel`, async () =>
            /dev vxlan\.1 onlink/.test(await routes(host)) ? true : undefined,
          )
        t.equal(await seenFromPod(cluster, 'one', far), one, 'pods of before go on')
        const small = await runServer(cluster, 'small', { nodeName: 'worker1' })
        t.equal(await seenFromPod(cluster, 'small', far), small)
        t.match(
          await cluster.kubectl('exec', 'small', '--', 'ip', 'link', 'show', 'eth0'),
          /mtu 1450/,
        )
        t.equal(await seenFromHost(cluster, 'worker1', far), await tunnelAddress('worker1'))
      },
    )

    async function tunnelAddress(host: string): Promise<string> {
      const text = await onHost(host, 'ip', '-o', '-4', 'address', 'show', 'dev', 'vxlan.1')
      return /inet ([\d.]+)/.exec(text)![1]!
    }
  },
)
