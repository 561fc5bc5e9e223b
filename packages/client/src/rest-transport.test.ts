import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { rootCertificates } from 'node:tls'
import t from 'tap'
import { systemClock } from '@kemu/base'
import { RestTransport } from './rest-transport.ts'
import { ConnectionError } from './transport.ts'

t.test('a server that never finishes the handshake is given up', async (t) => {
  const held: Socket[] = []
  const mute = createServer((socket) => held.push(socket.on('error', () => {})))
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of held) socket.destroy()
    mute.close()
  })
  const { port } = mute.address() as AddressInfo
  const transport = new RestTransport({
    server: `https://127.0.0.1:${port}`,
    ca: rootCertificates[0]!,
    userAgent: 'test',
    resolve: (name) => Promise.resolve([name]),
    clock: systemClock,
    connectTimeoutMs: 50,
  })
  t.teardown(() => transport.close())
  const error = await t.rejects(transport.raw('GET', '/version'), ConnectionError)
  t.match(error, { message: `dial tcp 127.0.0.1:${port}: i/o timeout` })
  t.equal(held.length, 1, 'it was reached')
})
