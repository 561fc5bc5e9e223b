import t from 'tap'
import { pods, resourceQuotas } from '@kemu/api'
import { eventually, pod } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import type { Discovery } from '../discovery/discovery.ts'
import { ResourceQuotaController } from './resource-quota-controller.ts'

const verbs = ['list', 'watch']
const discovery = {
  served: async () => ({ resources: [{ ...pods, verbs }], failures: [] }),
  close: () => {},
} as unknown as Discovery

t.test('a quota gets its account, and gets back what was deleted', async (t) => {
  const bench = new Bench()
  t.teardown(() => bench.close())
  const own = bench.client.resource(pods, 'default')
  for (const name of ['a', 'b']) await own.create(pod(name))
  const quotas = bench.client.resource(resourceQuotas, 'default')
  await quotas.create({
    kind: 'ResourceQuota',
    apiVersion: 'v1',
    metadata: { name: 'q', namespace: 'default' },
    spec: { hard: { pods: '5', 'count/unknown.example.com': '1' } },
  })
  await bench.run(new ResourceQuotaController(bench.deps, discovery, 300_000))
  const used = async (): Promise<unknown> => (await quotas.get('q')).status?.used
  const isUsed = async (count: string): Promise<boolean> =>
    JSON.stringify(await used()) ===
    JSON.stringify({ pods: count, 'count/unknown.example.com': '0' })
  await eventually(() => isUsed('2'))
  await own.delete('a')
  await eventually(() => isUsed('1'))
  const quota = await quotas.get('q')
  await quotas.update({ ...quota, spec: { hard: { pods: '7' } } })
  await eventually(async () => (await quotas.get('q')).status?.hard?.['pods'] === '7')
  t.strictSame(await used(), { pods: '1' }, 'what is no longer limited is no longer counted')
})
