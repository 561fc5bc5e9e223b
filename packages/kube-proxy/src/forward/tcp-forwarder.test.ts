import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { seededRandom, silentLogger, systemClock } from '@kemu/base'
import type { Frontend } from '../plan/frontend.ts'
import { AffinityTable } from './affinity-table.ts'
import { Balancer } from './balancer.ts'
import { openTcp } from './tcp-forwarder.ts'

const address = '127.232.0.1'

async function listen(t: Test, serve: (socket: Socket) => void, options = {}): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true, ...options }, serve)
  server.listen(0, address)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

/** A forwarder before servers on these ports. */
async function forward(t: Test, ports: number[]): Promise<{ port: number; balancer: Balancer }> {
  const backends = ports.map((port) => ({ address, port }))
  const frontend: Frontend = {
    protocol: 'TCP',
    address: '127.232.0.2',
    port: 0,
    servicePort: 'default/web',
    service: 'default/web',
    scope: 'node',
    backends,
    insideBackends: backends,
    sourceRanges: [],
    affinityMs: undefined,
  }
  const affinity = new AffinityTable(systemClock)
  const balancer = new Balancer(frontend, affinity, seededRandom(3), () => false)
  // A free port that the test knows: the forwarder does not tell its own.
  const probe = createServer().listen(0, frontend.address)
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  const deps = { clock: systemClock, logger: silentLogger }
  const forwarder = await openTcp({ address: frontend.address, port }, balancer, deps)
  t.teardown(() => forwarder.close())
  return { port, balancer }
}

function dial(port: number): Socket {
  return connect({ host: '127.232.0.2', port, allowHalfOpen: true })
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

t.test('carries much in both directions at once, unchanged', async (t) => {
  const echo = await listen(t, (socket) => socket.pipe(socket))
  const { port } = await forward(t, [echo])
  const data = Buffer.alloc(8 << 20, 'kemu splices ')
  const socket = dial(port)
  socket.end(data)
  t.ok((await readAll(socket)).equals(data))
})

t.test('a client that has finished sending still gets its answer', async (t) => {
  const server = await listen(t, (socket) => {
    let length = 0
    socket.on('data', (chunk: Buffer) => (length += chunk.length))
    socket.on('end', () => socket.end(`read ${length}`))
  })
  const { port } = await forward(t, [server])
  const socket = dial(port)
  socket.end('question')
  t.equal(String(await readAll(socket)), 'read 8')
})

t.test('a server that speaks first is heard at once', async (t) => {
  const server = await listen(t, (socket) => {
    socket.write('220 ready\r\n')
    socket.on('end', () => socket.end()).resume()
  })
  const { port } = await forward(t, [server])
  const socket = dial(port)
  const [greeting] = (await once(socket, 'data')) as [Buffer]
  t.equal(String(greeting), '220 ready\r\n')
  socket.destroy()
})

t.test("a client's reset reaches the server", async (t) => {
  let closed!: () => void
  const done = new Promise<void>((resolve) => (closed = resolve))
  const server = await listen(t, (socket) => {
    socket.write('hello')
    socket.on('error', () => {})
    socket.on('close', closed).resume()
  })
  const { port } = await forward(t, [server])
  const socket = dial(port)
  await once(socket, 'data')
  socket.resetAndDestroy()
  await done
  t.pass('the server noticed')
})

t.test("a server's reset in the middle of an answer reaches the client", async (t) => {
  const server = await listen(t, (socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write('half')
      // libuv takes a reset that comes with data for an orderly end, so it comes later here.
      socket.once('data', () => socket.resetAndDestroy())
    })
  })
  const { port } = await forward(t, [server])
  const socket = dial(port)
  socket.write('?')
  await once(socket, 'readable')
  socket.write('go on')
  const error = await readAll(socket).catch((reason: NodeJS.ErrnoException) => reason.code)
  t.equal(error, 'ECONNRESET', 'and no orderly end')
})

t.test(
  'a server that closes at once is left for another; where all do, the client sees it',
  async (t) => {
    const closing = await listen(t, (socket) => socket.end())
    const closingToo = await listen(t, (socket) => socket.end())
    const answering = await listen(t, (socket) => socket.end('here'))
    const mixed = await forward(t, [closing, answering])
    for (let i = 0; i < 10; i++) t.equal(String(await readAll(dial(mixed.port))), 'here')
    const all = await forward(t, [closing, closingToo])
    t.equal((await readAll(dial(all.port))).length, 0)
  },
)

t.test('a connection waits for the endpoint that a rolling update brings', async (t) => {
  // Nobody listens on the discard port of this address.
  const { port, balancer } = await forward(t, [9])
  const arriving = await listen(t, (socket) => socket.end('new'))
  const socket = dial(port)
  await once(socket, 'connect')
  const backends = [{ address, port: arriving }]
  setImmediate(() =>
    balancer.update({
      protocol: 'TCP',
      address,
      port,
      servicePort: 'default/web',
      service: 'default/web',
      scope: 'node',
      backends,
      insideBackends: backends,
      sourceRanges: [],
      affinityMs: undefined,
    }),
  )
  t.equal(String(await readAll(socket)), 'new')
})
