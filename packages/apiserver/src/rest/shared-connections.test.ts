import t from 'tap'
import { admin, TestServer } from '../testing/test-server.ts'

const configMaps = {
  group: '',
  version: 'v1',
  resource: 'configmaps',
  namespace: 'default',
  name: '',
  subresource: '',
}

t.test('calls side by side share four connections, and each watch has its own', async (t) => {
  const server = await TestServer.start()
  t.teardown(() => server.stop())
  const dials: string[] = []
  const rest = await server.rest(admin, async (name) => {
    dials.push(name)
    return ['127.0.0.1']
  })
  const calls = Array.from({ length: 30 }, () => rest.raw('GET', '/version'))
  t.same(new Set((await Promise.all(calls)).map(({ code }) => code)), new Set([200]))
  t.equal(dials.length, 4)

  const stop = new AbortController()
  const watches = Array.from({ length: 5 }, async () => {
    for await (const _ of rest.watch(configMaps, {}, stop.signal)) break
  })
  while (dials.length < 9) await new Promise((resolve) => setImmediate(resolve))
  t.match(await rest.raw('GET', '/version'), { code: 200 }, 'watches keep no call waiting')
  stop.abort()
  await Promise.allSettled(watches)
  t.equal(dials.length, 9)
})
