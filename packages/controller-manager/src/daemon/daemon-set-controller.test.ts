import t from 'tap'
import { controllerRevisions, daemonSets, nodes, pods } from '@kemu/api'
import { eventually, meta, node } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import { DaemonSetController } from './daemon-set-controller.ts'

t.test(
  'pods come with nodes, a new template makes a revision, and undo moves the old one to the front',
  async (t) => {
    const bench = new Bench()
    t.teardown(() => bench.close())
    const sets = bench.client.resource(daemonSets, 'default')
    const own = bench.client.resource(pods, 'default')
    const revisions = bench.client.resource(controllerRevisions, 'default')
    await bench.client.resource(nodes).create(node('n1'))
    await bench.run(new DaemonSetController(bench.deps))
    const labels = { app: 'ds' }
    const template = (image: string) => ({
      metadata: { labels },
      spec: { containers: [{ name: 'c', image }] },
    })
    await sets.create({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: meta('ds'),
      spec: {
        selector: { matchLabels: labels },
        template: template('x:1'),
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
      },
      status: {},
    })
    const images = async (): Promise<string[]> =>
      (await own.list()).items.map((p) => p.spec.containers[0]!.image ?? '').sort()
    await eventually(async () => (await images()).join() === 'x:1')
    await bench.client.resource(nodes).create(node('n2'))
    await eventually(async () => (await images()).join() === 'x:1,x:1')
    const edit = async (image: string): Promise<void> => {
      const current = await sets.get('ds')
      await sets.update({ ...current, spec: { ...current.spec, template: template(image) } })
    }
    await edit('x:2')
    // Unready pods are replaced at once: they serve nobody.
    await eventually(async () => (await images()).join() === 'x:2,x:2')
    await edit('x:1')
    await eventually(async () => (await images()).join() === 'x:1,x:1')
    const numbers = (await revisions.list()).items
      .map(({ revision }) => revision)
      .sort((a, b) => a - b)
    t.same(numbers, [2, 3], 'the first was moved behind the second, not made again')
    t.match(bench.told[0], { reason: 'SuccessfulCreate', message: /^Created pod: ds-/ })
    await bench.client.resource(nodes).delete('n2')
    await eventually(async () => (await sets.get('ds')).status.desiredNumberScheduled === 1)
  },
)
