import t from 'tap'
import { nodes } from '@kemu/api'
import { eventually, node } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import { TtlController, ttlStep } from './ttl-controller.ts'

t.test('the step follows the size, and does not swing at a bound', async (t) => {
  t.equal(ttlStep(0, 100), 0)
  t.equal(ttlStep(0, 101), 1)
  t.equal(ttlStep(1, 95), 1)
  t.equal(ttlStep(1, 89), 0)
  t.equal(ttlStep(0, 5000), 4)
})

t.test('each node is told', async (t) => {
  const bench = new Bench()
  t.teardown(() => bench.close())
  const own = bench.client.resource(nodes)
  await own.create(node('n1'))
  await bench.run(new TtlController(bench.deps))
  const ttl = async (): Promise<string | undefined> =>
    (await own.get('n1')).metadata.annotations?.['node.alpha.kubernetes.io/ttl']
  await eventually(async () => (await ttl()) === '0')
  t.pass('told')
})
