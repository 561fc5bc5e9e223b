import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { ComposeProject, needsCompose } from '../support/compose.ts'
import { eventually } from '../support/eventually.ts'
import { fetchOnce } from '../support/load.ts'
import { isReady } from '../support/objects.ts'
import type { Listed, NodeObject, PodObject } from '../support/objects.ts'
import { root } from '../support/programs.ts'

// Of the file, not of a test in it: the whole file is ended after the runner's shorter time otherwise.
t.setTimeout(1_200_000)
const skip = await needsCompose()
const lbPort = 38_001
/** A machine may be slow; what is asked for comes within seconds on an idle one. */
const limitMs = 300_000

t.test('docker-compose.yml', { skip }, async (t) => {
  const project = await ComposeProject.open('docker-compose.yml')
  t.teardown(() => project.remove())
  const hosts = ['master', 'worker1', 'worker2']
  const nodesReady = (count = 3): Promise<string> =>
    eventually(
      `${count} nodes are Ready`,
      async () => {
        const { stdout } = await project.tryKubectl('get', 'nodes', '--no-headers')
        return stdout.match(/ Ready /g)?.length === count ? stdout : undefined
      },
      limitMs,
    )
  const fetchInside = (): Promise<string> =>
    eventually(
      'httpd answers by its name on a worker',
      async () => {
        const url = 'http://httpd.default.svc.cluster.local/'
        return project.inside('worker1', 'kemu', 'fetch', url, '--dns=10.96.0.10:53')
      },
      limitMs,
    )
  const rolledOut = (name: string): Promise<string> =>
    project.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=300s')
  const podsOf = async (app: string): Promise<readonly PodObject[]> =>
    (await project.json<Listed<PodObject>>('pods', '-l', `app=${app}`)).items
  /** After a restart nodes stand as they were until they are missed: what answers is the proof. */
  const whole = async (t: Test): Promise<void> => {
    await eventually(
      'every host has said so again',
      async () => {
        for (const host of hosts) {
          const address = await project.addressOf(host)
          const told = await project.kubectl('get', 'node', host, '-o', 'wide', '--no-headers')
          if (!told.includes(` ${address} `) || !told.includes(' Ready ')) return undefined
        }
        return true
      },
      limitMs,
    )
    await fetchInside()
    const { items } = await project.json<Listed<PodObject>>('pods', '-A')
    t.notOk(
      items.some((pod) => pod.status.phase === 'Failed'),
      'no pod has failed',
    )
  }

  await t.test('the image is built, and up -d gives a cluster that kubectl reaches', async (t) => {
    await project.build('master', 'bundles')
    await project.compose('up', '-d')
    t.match(await project.kubectl('get', 'nodes'), /^master +\S+ +control-plane/m)
    const nodes = await nodesReady()
    t.match(nodes, /^worker1 +Ready +<none> +\S+ +v1\.36/m)
    t.match(nodes, /^worker2 +Ready/m)
  })

  await t.test('the worked example passes', async (t) => {
    await project.kubectl('apply', '-f', join(root, 'examples/httpd.yaml'))
    await rolledOut('httpd')
    const pods = await podsOf('httpd_server')
    t.equal(new Set(pods.map((pod) => pod.spec.nodeName)).size, 2, 'on two different workers')
    t.match(await fetchInside(), 'It works!')

    const create = ['--image=hello', '--replicas=3', '--port=8001']
    await project.kubectl('create', 'deployment', 'itopic', ...create)
    const expose = ['--type=LoadBalancer', `--port=${lbPort}`, '--target-port=8001']
    await project.kubectl('expose', 'deployment', 'itopic', ...expose)
    await rolledOut('itopic')
    const url = `http://${await project.addressOf('master')}:${lbPort}/`
    // A pod without a readiness probe is Ready before its program listens, and refuses meanwhile.
    const answers = new Set<string>()
    const allThree = async (): Promise<true | undefined> =>
      answers.add(await fetchOnce(url)).size === 3 || undefined
    await eventually('three different pods answer', allThree, limitMs)

    await project.kubectl('scale', 'deploy/itopic', '--replicas=5')
    const ready = async (): Promise<number> => (await podsOf('itopic')).filter(isReady).length
    const five = async (): Promise<true | undefined> => ((await ready()) === 5 ? true : undefined)
    await eventually('five are ready', five, limitMs)
    await project.kubectl('set', 'image', 'deployments/itopic', 'hello=hello:v2')
    t.match(await rolledOut('itopic'), 'successfully rolled out')
    await project.kubectl('rollout', 'undo', 'deployment/itopic')
    await rolledOut('itopic')
    // Those of the revision before may still be ready while they end.
    const staying = (await podsOf('itopic')).filter((pod) => !pod.metadata.deletionTimestamp)
    const [pod] = staying.filter(isReady)
    const env = await project.kubectl('exec', pod!.metadata.name, '--', 'env')
    t.match(env, /^ITOPIC_SERVICE_PORT=38001$/m)
    t.not(await project.kubectl('logs', pod!.metadata.name), '')
    await project.kubectl('delete', 'deployment,service', 'itopic')
    const none = async (): Promise<true | undefined> =>
      (await podsOf('itopic')).length === 0 ? true : undefined
    await eventually('no pod of it is left', none, limitMs)
  })

  await t.test('every component is heard by docker-compose logs and by kemu logs', async (t) => {
    const all = await project.compose('logs', '--no-color')
    const components = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']
    for (const component of [...components, 'kubelet', 'container-runtime', 'kube-proxy']) {
      t.match(all, new RegExp(`^\\S*master\\S* +\\| +${component}: `, 'm'), component)
      await eventually(`kemu logs ${component}`, async () => {
        const said = await project.inside('master', 'kemu', 'logs', component, '--tail=1')
        return said === '' ? undefined : true
      })
    }
  })

  await t.test('any host that is killed comes back with up -d', async (t) => {
    for (const host of ['worker1', 'master']) {
      const [id] = await project.containers(host)
      await project.docker('kill', id!)
    }
    await project.compose('up', '-d')
    await whole(t)
  })

  await t.test('restart', async (t) => {
    await project.compose('restart', '--timeout', '3')
    await whole(t)
  })

  await t.test('scaled workers are nodes of their own', async (t) => {
    await project.compose('up', '-d', '--scale', 'worker=2')
    const nodes = await nodesReady(5)
    t.match(nodes, /^worker3 +Ready/m)
    t.match(nodes, /^worker4 +Ready/m)
  })

  /** Each instance is one of the nodes that were there before, whichever of them. */
  const scaledAgain = async (): Promise<true> =>
    eventually(
      'the scaled workers are who they were, at their addresses of today',
      async () => {
        const { items } = await project.json<Listed<NodeObject>>('nodes')
        const told = items
          .filter(({ metadata }) => ['worker3', 'worker4'].includes(metadata.name))
          .map(({ status }) => status.addresses.find(({ type }) => type === 'InternalIP')!.address)
        const addresses = await project.addressesOf('worker')
        if (items.length !== 5) throw new Error(`there are ${items.length} nodes`)
        return told.sort().join() === addresses.sort().join() ? true : undefined
      },
      limitMs,
    )

  await t.test('down and up again, with other addresses', async (t) => {
    const before = await Promise.all(hosts.map((host) => project.addressOf(host)))
    await project.compose('down', '--timeout', '3')
    // Somebody else has the addresses now.
    const [address] = before
    const subnet = `${address!.split('.').slice(0, 2).join('.')}.0.0/16`
    await project.docker('network', 'create', '--subnet', subnet, `${project.name}-other`)
    try {
      await project.compose('up', '-d', '--scale', 'worker=2')
      const after = await Promise.all(hosts.map((host) => project.addressOf(host)))
      t.notOk(
        after.some((a) => before.includes(a)),
        `${before.join()} became ${after.join()}`,
      )
      await whole(t)
      t.ok(await scaledAgain())
    } finally {
      await project.docker('network', 'rm', `${project.name}-other`).catch(() => undefined)
    }
  })

  await t.test('down leaves nothing', async (t) => {
    await project.compose('down', '--volumes', '--timeout', '3')
    t.same(await project.leftovers(), [])
  })
})
