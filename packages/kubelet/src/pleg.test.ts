import t from 'tap'
import { KubeletWorld } from './testing/kubelet-world.ts'

function makeWorld(test: { teardown(work: () => Promise<void>): void }): KubeletWorld {
  const world = new KubeletWorld()
  test.teardown(() => world.close())
  return world
}

const restarts = async (world: KubeletWorld): Promise<number | undefined> =>
  (await world.pod('web'))?.status.containerStatuses?.[0]?.restartCount

t.test('what happened while the events were broken off is found afterwards', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.create('web')
  await world.clock.advance(1_000)
  world.cri.breakEvents()
  await world.clock.advance(10)
  world.cri.end('main', 1)
  await world.clock.advance(10)
  world.cri.eventsMode = 'sent'
  await world.clock.advance(2_500)
  t.equal(await restarts(world), 1)
  world.cri.end('main', 1)
  await world.clock.advance(10)
  t.equal(
    (await world.pod('web'))?.status.containerStatuses?.[0]?.lastState?.terminated?.exitCode,
    1,
  )
})

t.test('a runtime without events is listed each second', async (t) => {
  const world = makeWorld(t)
  world.cri.eventsMode = 'unimplemented'
  await world.start()
  await world.create('web')
  await world.clock.advance(1_000)
  world.cri.end('main', 1)
  await world.clock.advance(1_100)
  t.equal(await restarts(world), 1)
})

t.test('with events an idle node asks its runtime nothing about pods', async (t) => {
  const world = makeWorld(t)
  await world.start()
  await world.create('web')
  await world.clock.advance(1_000)
  let lists = 0
  const { ListContainers } = world.cri.runtime
  Object.assign(world.cri.runtime, {
    ListContainers: (request: object) => {
      lists += 1
      return ListContainers(request)
    },
  })
  await world.clock.advance(50_000)
  t.equal(lists, 0)
})
