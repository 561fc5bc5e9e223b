import t from 'tap'
import { ComposeProject, needsCompose } from '../support/compose.ts'
import { eventually } from '../support/eventually.ts'
import { SteadyWrites } from '../support/steady-writes.ts'

// Of the file, not of a test in it: the whole file is ended after the runner's shorter time otherwise.
t.setTimeout(1_700_000)
const skip = await needsCompose()
const masters = ['master1', 'master2', 'master3']
const limitMs = 300_000

t.test('docker-compose.ha.yml', { skip }, async (t) => {
  const project = await ComposeProject.open('docker-compose.ha.yml')
  t.teardown(() => project.remove())
  // One worker is enough to see that it follows; the other two are like it.
  const up = (): Promise<string> => project.compose('up', '-d', 'balancer', ...masters, 'worker1')
  const saved = (name: string): Promise<true> =>
    eventually(
      `a quorum takes a write through the balancer: ${name}`,
      async () => {
        const { code } = await project.tryKubectl('create', 'configmap', name)
        return code === 0 ? true : undefined
      },
      limitMs,
    )
  const mastersReady = (): Promise<true> =>
    eventually(
      'every master is Ready at its address of today',
      async () => {
        for (const host of [...masters, 'worker1']) {
          const told = await project.kubectl('get', 'node', host, '-o', 'wide', '--no-headers')
          const address = await project.addressOf(host)
          if (!told.includes(' Ready ') || !told.includes(` ${address} `)) return undefined
        }
        return true
      },
      limitMs,
    )

  await t.test('three masters and a worker come up behind one address', async (t) => {
    await project.build('master1', 'sources')
    await up()
    await mastersReady()
    const pods = await project.kubectl('get', 'pods', '-n', 'kube-system', '-o', 'name')
    for (const master of masters) t.match(pods, `pod/etcd-${master}`)
    await saved('first')
  })

  const back = async (master: string): Promise<void> => {
    await up()
    t.ok(await mastersReady(), `${master} is back`)
  }

  await t.test('the host of etcd’s leader is killed under steady writes', async (t) => {
    const leader = await eventually('etcd has a leader', () => etcdLeader(project), limitMs)
    const writes = new SteadyWrites(async (name) => {
      const words = ['create', 'configmap', name, '--request-timeout=10s']
      return (await project.tryKubectl(...words)).code === 0
    })
    const more = (): Promise<true> => {
      const enough = writes.count + 5
      const ask = (): true | undefined => (writes.count >= enough ? true : undefined)
      return eventually('writes are acknowledged', ask, limitMs)
    }
    try {
      await more()
      const [id] = await project.containers(leader)
      await project.docker('kill', id!)
      await more()
      await back(leader)
      await more()
    } finally {
      await writes.stop()
    }
    const kept = new Set((await project.kubectl('get', 'configmap', '-o', 'name')).split('\n'))
    const lost = (await writes.stop()).filter((name) => !kept.has(`configmap/${name}`))
    t.same(lost, [], 'what was acknowledged is there')
  })

  for (const [i, component] of ['kube-controller-manager', 'kube-scheduler'].entries()) {
    await t.test(`the host of the leader of ${component} is killed`, async (t) => {
      const holder = async (): Promise<string> => {
        const lease = ['lease', component, '-n', 'kube-system']
        const words = ['get', ...lease, '-o', 'jsonpath={.spec.holderIdentity}']
        return (await project.kubectl(...words)).split('_')[0]!
      }
      const first = await holder()
      t.ok(masters.includes(first), first)
      const [id] = await project.containers(first)
      await project.docker('kill', id!)
      const moved = async (): Promise<true | undefined> =>
        (await holder()) === first ? undefined : true
      await eventually('another one leads', moved, limitMs)
      const name = `after-${i}`
      await saved(name)
      await project.kubectl('create', 'deployment', name, '--image=nginx:1.27')
      await project.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=300s')
      await back(first)
    })
  }

  await t.test('restart, and stop and start', async (t) => {
    await project.compose('restart', '--timeout', '3')
    await saved('restarted')
    t.ok(await mastersReady())
    await project.compose('stop', '--timeout', '3')
    await project.compose('start')
    await saved('started')
    t.ok(await mastersReady())
  })

  await t.test('three members of etcd with new addresses find each other', async (t) => {
    const before = await Promise.all(masters.map((master) => project.addressOf(master)))
    await project.compose('down', '--timeout', '3')
    const subnet = `${before[0]!.split('.').slice(0, 2).join('.')}.0.0/16`
    await project.docker('network', 'create', '--subnet', subnet, `${project.name}-other`)
    try {
      await up()
      const after = await Promise.all(masters.map((master) => project.addressOf(master)))
      t.notOk(after.some((address) => before.includes(address)))
      await mastersReady()
      await saved('again')
      const maps = await project.kubectl('get', 'configmap', '-o', 'name')
      for (const name of ['first', 'steady-0', 'after-0', 'started']) t.match(maps, name)
    } finally {
      await project.docker('network', 'rm', `${project.name}-other`).catch(() => undefined)
    }
  })

  await t.test('down leaves nothing', async (t) => {
    await project.compose('down', '--volumes', '--timeout', '3')
    t.same(await project.leftovers(), [])
  })
})

/** The master whose member of etcd says that it leads. */
async function etcdLeader(project: ComposeProject): Promise<string | undefined> {
  const script = `fetch('http://127.0.0.1:2381/metrics').then((r) => r.text()).then(console.log)`
  for (const master of masters) {
    const metrics = await project.inside(master, 'node', '-e', script)
    if (/^etcd_server_is_leader 1$/m.test(metrics)) return master
  }
  return undefined
}
