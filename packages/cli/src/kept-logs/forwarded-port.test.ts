import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import t from 'tap'
import type { Test } from 'tap'
import { ForwardedPort, PortForwardError } from './forwarded-port.ts'

/** An API server that forwards to what `serve` does. */
async function open(
  t: Test,
  serve: (socket: WebSocket, url: string) => void,
): Promise<ForwardedPort> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.teardown(() => server.close())
  server.on('connection', (socket, request) => {
    t.equal(socket.protocol, 'v4.channel.k8s.io')
    socket.send(Buffer.from([0, 0xeb, 0x18])) // 6379, low byte first
    socket.send(Buffer.from([1, 0xeb, 0x18]))
    serve(socket, request.url!)
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const access = { server: `http://127.0.0.1:${port}`, ca: '' }
  return ForwardedPort.open(access, 'kube-logs', 'redis-1', 6379)
}

async function textOf(port: ForwardedPort): Promise<string> {
  let text = ''
  for await (const chunk of port) text += String(chunk)
  return text
}

void t.test('carries bytes both ways and ends with the server', async (t) => {
  const port = await open(t, (socket, url) => {
    t.equal(url, '/api/v1/namespaces/kube-logs/pods/redis-1/portforward?ports=6379')
    socket.on('message', (frame: Buffer) => {
      t.equal(frame[0], 0)
      socket.send(Buffer.concat([Buffer.from([0]), Buffer.from('you said '), frame.subarray(1)]))
      socket.close()
    })
  })
  port.write('hello')
  t.equal(await textOf(port), 'you said hello')
})

void t.test('fails with what the server says on the error channel', async (t) => {
  const port = await open(t, (socket) => {
    socket.send(Buffer.concat([Buffer.from([1]), Buffer.from('connection refused\n')]))
  })
  await t.rejects(textOf(port), new PortForwardError('connection refused'))
})

void t.test('a server that refuses the upgrade is an error at once', async (t) => {
  const access = { server: 'http://127.0.0.1:1', ca: '' }
  await t.rejects(ForwardedPort.open(access, 'a', 'b', 1), /ECONNREFUSED/)
})
