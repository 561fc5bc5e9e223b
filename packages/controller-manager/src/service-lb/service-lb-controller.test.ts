import t from 'tap'
import { services } from '@kemu/api'
import type { Service } from '@kemu/api'
import { eventually, service } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import { allocate, ServiceLbController } from './service-lb-controller.ts'

const lb = (name: string, port: number): Service =>
  service(name, { type: 'LoadBalancer', ports: [{ port }] })

t.test('a name stands as a host name, an address as an address', async (t) => {
  const one = lb('a', 80)
  t.match(allocate(one, [one], 'localhost'), { status: { ingress: [{ hostname: 'localhost' }] } })
  t.match(allocate(one, [one], '127.0.0.1'), { status: { ingress: [{ ip: '127.0.0.1' }] } })
})

t.test('who has a port keeps it, and gives it on when it goes', async (t) => {
  const bench = new Bench()
  t.teardown(() => bench.close())
  const own = bench.client.resource(services, 'default')
  const outside = async (name: string): Promise<string | undefined> =>
    (await own.get(name)).status.loadBalancer?.ingress?.[0]?.hostname
  await bench.run(new ServiceLbController('localhost', bench.deps))
  await own.create(lb('first', 80))
  await eventually(async () => (await outside('first')) === 'localhost')
  await own.create(lb('second', 80))
  await own.create(lb('other', 81))
  await eventually(async () => (await outside('other')) === 'localhost')
  await eventually(() => bench.told.some(({ reason }) => reason === 'SyncLoadBalancerFailed'))
  t.equal(await outside('second'), undefined)
  t.match(
    bench.told.find(({ object }) => object === 'second'),
    {
      type: 'Warning',
      message: /port 80\/TCP of localhost belongs to service default\/first$/,
    },
  )
  await own.delete('first')
  await eventually(async () => (await outside('second')) === 'localhost')
})

t.test('a service that is no load balancer any more has no outside', async (t) => {
  const bench = new Bench()
  t.teardown(() => bench.close())
  const own = bench.client.resource(services, 'default')
  await bench.run(new ServiceLbController('localhost', bench.deps))
  await own.create(lb('a', 80))
  const outside = async () => (await own.get('a')).status.loadBalancer?.ingress
  await eventually(async () => (await outside()) !== undefined)
  const now = await own.get('a')
  await own.update({ ...now, spec: { ...now.spec, type: 'ClusterIP' } })
  await eventually(async () => (await outside()) === undefined)
  t.pass('cleared')
})

t.test("somebody else's class is left alone", async (t) => {
  const theirs = service('a', { type: 'LoadBalancer', loadBalancerClass: 'example.com/lb' })
  t.same(allocate(theirs, [theirs], 'localhost'), { kind: 'none' })
})
