import t from 'tap'
import { ComposeProject, needsCompose } from '../support/compose.ts'
import { eventually } from '../support/eventually.ts'

const skip = await needsCompose()
const masters = ['master1', 'master2', 'master3']
const limitMs = 300_000

t.test('docker-compose.ha.yml', { skip, timeout: 1_700_000 }, async (t) => {
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

  await t.test('any one master may be killed, and comes back', async (t) => {
    for (const master of ['master1', 'master3']) {
      const [id] = await project.containers(master)
      await project.docker('kill', id!)
      await saved(`without-${master}`)
      await up()
      t.ok(await mastersReady(), `${master} is back`)
    }
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
      for (const name of ['first', 'without-master1', 'without-master3']) t.match(maps, name)
    } finally {
      await project.docker('network', 'rm', `${project.name}-other`).catch(() => undefined)
    }
  })

  await t.test('down leaves nothing', async (t) => {
    await project.compose('down', '--volumes', '--timeout', '3')
    t.same(await project.leftovers(), [])
  })
})
