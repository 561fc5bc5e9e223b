import { once } from 'node:events'
import { createServer } from 'node:http2'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import t from 'tap'
import { systemClock } from '@kemu/base'
import { WatchService } from '@kemu/rpc/etcd-codec'
import { dial } from './client.ts'
import type { Channel } from './client.ts'
import { code } from './status.ts'
import type { GrpcError } from './status.ts'

async function dialed(server: Server): Promise<Channel> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return dial(
    { host: '127.0.0.1', port, isSecure: false },
    {
      clock: systemClock,
      resolve: async (host) => [host],
      tls: () => ({}),
      keepAlive: { everyMs: 10, timeoutMs: 1000 },
    },
  )
}

/** Opens a watch; resolves with how it ended. */
function watchEnd(channel: Channel): Promise<GrpcError | undefined> {
  return new Promise((resolve) => {
    const call = channel.stream(WatchService.Watch, {
      onMessage: () => {},
      onEnd: resolve,
      onDrain: () => {},
    })
    call.write({ createRequest: { key: 'k' } })
  })
}

t.test('a server that fell silent loses its connection, and the calls on it end', async (t) => {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.resume().write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]))
  })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const channel = await dialed(server)
  const end = await watchEnd(channel)
  t.match(end, { code: code.UNAVAILABLE })
})

t.test('a server that answers pings keeps its connection', async (t) => {
  const server = createServer()
  server.on('stream', (stream) => stream.on('error', () => {}))
  const asked = new Promise<void>((resolve) => {
    let pings = 0
    server.on('session', (session) => {
      session.on('ping', () => {
        pings += 1
        if (pings === 5) resolve()
      })
    })
  })
  t.teardown(() => server.close())
  const channel = await dialed(server)
  let isOver = false
  void watchEnd(channel).then(() => (isOver = true))
  await asked
  t.notOk(isOver)
  channel.close()
})
