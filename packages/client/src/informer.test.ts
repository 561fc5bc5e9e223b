import t from 'tap'
import { configMaps, statusError } from '@kemu/api'
import type { ConfigMap } from '@kemu/api'
import { seededRandom, silentLogger, systemClock } from '@kemu/base'
import { Client } from './client.ts'
import { Informer } from './informer.ts'
import { MemoryTransport } from './memory/index.ts'

const deps = { clock: systemClock, random: seededRandom(1), logger: silentLogger }

function draft(name: string, data: Record<string, string> = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data }
}

/** An informer on a memory server, and a way to wait for its next change. */
function setUp() {
  const client = new Client(new MemoryTransport())
  const informer = new Informer<ConfigMap>(client, configMaps, {}, deps)
  const seen: string[] = []
  let wake = (): void => {}
  const note = (what: string): void => {
    seen.push(what)
    wake()
  }
  informer.addHandler({
    add: (o) => note(`add ${o.metadata.name}`),
    update: (old, o) => note(`update ${old.metadata.name} ${JSON.stringify(o.data)}`),
    remove: (o) => note(`remove ${o.metadata.name}`),
  })
  const until = async (count: number): Promise<void> => {
    while (seen.length < count) await new Promise<void>((resolve) => (wake = resolve))
  }
  return { client, informer, seen, until, maps: client.resource(configMaps, 'default') }
}

t.test('shows what was there and then every change, in order', async (t) => {
  const { informer, maps, seen, until } = setUp()
  await maps.create(draft('a'))
  informer.start()
  await informer.synced
  t.same(seen, ['add a'])
  const b = await maps.create(draft('b'))
  await maps.update({ ...b, data: { k: 'v' } })
  await maps.delete('a')
  await until(4)
  t.same(seen, ['add a', 'add b', 'update b {"k":"v"}', 'remove a'])
  t.same(
    informer.lister.list().map((o) => o.metadata.name),
    ['b'],
  )
  await informer.close()
})

t.test('objects in the cache cannot be written to', async (t) => {
  const { informer, maps } = setUp()
  await maps.create(draft('a', { k: 'v' }))
  informer.start()
  await informer.synced
  const object = informer.lister.get('default/a')!
  t.throws(() => {
    object.data!['k'] = 'other'
  }, TypeError)
  await informer.close()
})

t.test('an index follows the changes of an object', async (t) => {
  const { informer, maps, until } = setUp()
  informer.addIndex('owner', (o) => (o.data?.['owner'] ? [o.data['owner']] : []))
  const a = await maps.create(draft('a', { owner: 'x' }))
  informer.start()
  await informer.synced
  t.equal(informer.lister.byIndex('owner', 'x').length, 1)
  await maps.update({ ...a, data: { owner: 'y' } })
  await until(2)
  t.equal(informer.lister.byIndex('owner', 'x').length, 0)
  t.equal(informer.lister.byIndex('owner', 'y').length, 1)
  await informer.close()
})

t.test('a handler that comes late is told what is there', async (t) => {
  const { informer, maps } = setUp()
  await maps.create(draft('a'))
  informer.start()
  await informer.synced
  const late: string[] = []
  informer.addHandler({ add: (o) => late.push(o.metadata.name) })
  t.same(late, ['a'])
  await informer.close()
})

t.test('a server that finds every version expired is asked again only after a pause', async (t) => {
  const transport = new MemoryTransport()
  transport.watch = () => {
    throw statusError('Expired', 'too old resource version: 1 (2)')
  }
  let lists = 0
  const list = transport.list.bind(transport)
  transport.list = (...args) => {
    // Without the pause nothing else would ever get its turn.
    if (++lists > 9) throw new Error('hammered')
    return list(...args)
  }
  const listsBeforePause = new Promise<number>((resolve) => {
    const setTimer = () => (resolve(lists), { cancel: () => {} })
    const clock = { ...systemClock, setTimer }
    const informer = new Informer(new Client(transport), configMaps, {}, { ...deps, clock })
    informer.start()
    t.teardown(() => informer.close())
  })
  t.equal(await listsBeforePause, 1)
})
