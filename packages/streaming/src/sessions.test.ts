import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server as TcpServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { systemClock } from '@kemu/base'
import t from 'tap'
import { WebSocket } from 'ws'
import { acceptRemoteCommand } from './remote-command/accept.ts'
import { commandExited } from './remote-command/status.ts'
import { servePortForward } from './port-forward/accept.ts'
import { relayUpgrade } from './relay-upgrade.ts'
import { SpdyConnection } from './spdy/connection.ts'
import { readText } from './testing/read-text.ts'
import { spdyHeaders, upgrade } from './testing/upgrade-client.ts'

type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

async function serve(onUpgrade: OnUpgrade): Promise<Server> {
  const server = createServer()
  server.on('upgrade', onUpgrade)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

const urlOf = (server: Server | TcpServer): URL =>
  new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/exec/token`)

/** A server whose command shouts its input and ends with 3, and a relay before it. */
async function shoutingServers(): Promise<{ server: Server; relay: Server }> {
  const options = { stdin: true, stdout: true, stderr: true, tty: false }
  const server = await serve((request, socket, head) => {
    void acceptRemoteCommand(request, socket, head, options, systemClock).then(async (session) => {
      if (!session) return
      const input = await readText(session.stdin!)
      session.stdout!.write(input.toUpperCase())
      session.stderr!.write('oops')
      await session.finish(commandExited(3))
    })
  })
  const relay = await serve((request, socket, head) => {
    void relayUpgrade(request, socket, head, { url: urlOf(server) })
  })
  return { server, relay }
}

void t.test('exec, straight and through a relay', async (t) => {
  const { server, relay } = await shoutingServers()
  t.teardown(() => {
    server.close()
    relay.close()
  })
  const long = 'shout '.repeat(20_000)

  for (const [name, target] of [
    ['straight', server],
    ['relayed', relay],
  ] as const) {
    await t.test(`SPDY v4, ${name}`, async (t) => {
      const answer = await upgrade(urlOf(target), spdyHeaders('v4.channel.k8s.io'))
      if (!('socket' in answer)) throw new Error(answer.text)
      const client = new SpdyConnection(answer.socket, { role: 'client' })
      const error = await client.createStream({ streamtype: 'error' })
      const stdin = await client.createStream({ streamtype: 'stdin' })
      const stdout = await client.createStream({ streamtype: 'stdout' })
      const stderr = await client.createStream({ streamtype: 'stderr' })
      stdin.end(long)
      const [status, out, oops] = await Promise.all([
        readText(error),
        readText(stdout),
        readText(stderr),
      ])
      t.equal(out, long.toUpperCase())
      t.equal(oops, 'oops')
      t.match(JSON.parse(status), { details: { causes: [{ message: '3' }] } })
      await client.closed
    })

    await t.test(`WebSocket v5, ${name}`, async (t) => {
      const webSocket = new WebSocket(urlOf(target), ['v5.channel.k8s.io'])
      const channels = ['', '', '', '', '']
      webSocket.on('message', (data: Buffer) => {
        channels[data[0]!] += data.subarray(1).toString()
      })
      await new Promise((resolve) => webSocket.on('open', resolve))
      webSocket.send(Buffer.concat([Buffer.from([0]), Buffer.from(long)]))
      webSocket.send(Buffer.from([255, 0]))
      await new Promise((resolve) => webSocket.on('close', resolve))
      t.equal(channels[1], long.toUpperCase())
      t.equal(channels[2], 'oops')
      t.match(JSON.parse(channels[3]!), { reason: 'NonZeroExitCode' })
    })
  }

  await t.test('a client without a protocol that we know is refused', async (t) => {
    t.match(await upgrade(urlOf(server), spdyHeaders('v9.channel.k8s.io')), { code: 403 })
    t.match(await upgrade(urlOf(server), spdyHeaders()), { code: 400 })
  })
})

void t.test('port-forward by SPDY', async (t) => {
  const echo = createTcpServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  const { port } = echo.address() as AddressInfo
  const server = await serve((request, socket, head) => {
    void servePortForward(request, socket, head, {
      podName: 'web',
      ports: [],
      openPort: (wanted) =>
        new Promise((resolve, reject) => {
          const socket = connect({ port: wanted, host: '127.0.0.1', allowHalfOpen: true })
          socket.on('connect', () => resolve(socket))
          socket.on('error', reject)
        }),
    })
  })
  t.teardown(() => {
    echo.close()
    server.close()
  })
  const answer = await upgrade(urlOf(server), spdyHeaders('portforward.k8s.io'))
  if (!('socket' in answer)) throw new Error(answer.text)
  const client = new SpdyConnection(answer.socket, { role: 'client' })
  const open = async (requestid: string, to: number) => {
    const headers = { port: String(to), requestid }
    const error = await client.createStream({ ...headers, streamtype: 'error' })
    const data = await client.createStream({ ...headers, streamtype: 'data' })
    return { error, data }
  }

  await t.test('several connections at once', async (t) => {
    const sent = ['one', 'two', 'three']
    const got = await Promise.all(
      sent.map(async (words, i) => {
        const { data, error } = await open(String(i), port)
        data.end(words)
        const [echoed, failure] = await Promise.all([readText(data), readText(error)])
        return echoed + failure
      }),
    )
    t.same(got, sent)
  })

  await t.test('a port where nobody listens is an error of that connection', async (t) => {
    const { error } = await open('x', 1)
    t.match(await readText(error), /error forwarding port 1 to pod web, uid : .*ECONNREFUSED/)
  })
  client.close()
  await client.closed
})

void t.test('a relay passes on what is no upgrade, and says that nobody is there', async (t) => {
  // Without an upgrade listener Node answers by the request listener.
  const server = createServer((_request, response) => response.writeHead(409).end('not now'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = urlOf(server)
  const relay = await serve((request, socket, head) => {
    void relayUpgrade(request, socket, head, { url })
  })
  t.teardown(() => relay.close())
  t.match(await upgrade(urlOf(relay), spdyHeaders()), { code: 409, text: 'not now' })
  await new Promise((resolve) => server.close(resolve))
  t.match(await upgrade(urlOf(relay), spdyHeaders()), { code: 502, text: /error dialing backend/ })
})
