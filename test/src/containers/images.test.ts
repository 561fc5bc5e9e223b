import { join } from 'node:path'
import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { makeImageArchive } from '../support/image-archive.ts'
import { needs } from '../support/programs.ts'
import { Pods } from './pods.ts'

const skip = needs('kubectl') || (process.getuid?.() === 0 ? false : 'needs root')

t.test('images that people bring themselves', { skip }, async (t) => {
  const cluster = await TestCluster.start({ hosts: 2 })
  t.teardown(() => cluster.remove())
  const pods = new Pods(cluster)
  const archive = makeImageArchive(
    join(cluster.stateDir, 'image'),
    'shop/greeter:2.0',
    ['sh', 'sleep', 'id', 'ls', 'cat'],
    {
      Entrypoint: ['sh', '-c'],
      Cmd: [
        'echo "hello from $WHERE"; id -u; ls /; trap "exit 0" USR1; while :; do sleep 0.1; done',
      ],
      Env: ['WHERE=an image', 'PATH=/bin'],
      User: '1234',
      StopSignal: 'SIGUSR1',
    },
  )

  await t.test(
    'kemu image load brings them to every host, kemu image list shows them',
    async (t) => {
      const said = await cluster.kemuSucceeds('image load', archive)
      t.match(
        said,
        /^master: docker\.io\/shop\/greeter:2\.0\nworker1: docker\.io\/shop\/greeter:2\.0\n/,
      )
      const list = await cluster.kemuSucceeds('image list', '--host', 'worker1')
      t.match(list, /worker1 +docker\.io\/shop\/greeter:2\.0 +[0-9a-f]{12} +[\d.]+MB/)
      t.match(await cluster.kemu('image load', join(cluster.stateDir, 'nothing')), { code: 2 })
    },
  )

  await t.test(
    'they run as their configuration says, with a root that is only theirs',
    async (t) => {
      await pods.apply('greeter', {
        terminationGracePeriodSeconds: 30,
        containers: [{ name: 'main', image: 'shop/greeter:2.0' }],
      })
      await pods.ready('greeter')
      const log = await eventually('it has printed', async () => {
        const text = await cluster.kubectl('logs', 'greeter')
        return text.includes('var') || text.includes('sys') ? text : undefined
      })
      t.match(log, /^hello from an image\n1234\nbin\n/)
      t.notMatch(log, /^(home|opt|root|srv|usr)$/m)
      const [status] = (await pods.status('greeter')).containerStatuses ?? []
      t.match(status?.imageID, /^docker\.io\/shop\/greeter@sha256:[0-9a-f]{64}$/)
      t.equal(await pods.exec('greeter', 'id', '-u'), '1234\n')
      t.match(
        (await cluster.tryKubectl('exec', 'greeter', '--', 'nosuch')).stderr,
        /exec: "nosuch": executable file not found in \$PATH/,
      )
      await cluster.kubectl('delete', 'pod', 'greeter')
      t.pass('its own stop signal ended it, long before the grace period')
    },
  )

  await t.test('pull policies mean what they mean without a registry', async (t) => {
    const container = (imagePullPolicy: string): object => ({
      containers: [{ name: 'main', image: 'shop/greeter:2.0', imagePullPolicy }],
    })
    await pods.apply('never', container('Never'))
    await pods.ready('never')
    await pods.apply('always', container('Always'))
    const text = await eventually('it is told', async () => {
      const said = await cluster.kubectl('describe', 'pod', 'always')
      return said.includes('ErrImagePull') ? said : undefined
    })
    t.match(
      text,
      /it was loaded and is in no registry: imagePullPolicy IfNotPresent or Never uses it/,
    )
  })
})
