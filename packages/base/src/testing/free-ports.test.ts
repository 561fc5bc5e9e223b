import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { freePorts } from './free-ports.ts'

t.test('ports are below the ephemeral ones, different, and can be listened at', async (t) => {
  const ports = [...(await freePorts(3)), ...(await freePorts(3))]
  t.equal(new Set(ports).size, 6)
  for (const port of ports) {
    t.ok(port >= 1024 && port < 32_768, `${port}`)
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
  }
})

t.test('a port that is taken is left out', async (t) => {
  const [port] = await freePorts(1)
  const server = createServer().listen(port! + 1, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  t.notOk((await freePorts(3)).includes(port! + 1))
})
