import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { rootCertificates } from 'node:tls'
import t from 'tap'
import { RpcChannel } from './client.ts'
import { Resources } from './generated/resources.ts'
import { RpcServer } from './server.ts'

const request = {
  path: { group: '', version: 'v1', resource: 'pods', namespace: '', name: 'a', subresource: '' },
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

t.test('a handshake that nobody answers is given up', async (t) => {
  const held: Socket[] = []
  const mute = createServer((socket) => held.push(socket.on('error', () => {})))
  const channel = new RpcChannel(`127.0.0.1:${await listen(mute)}`, {
    tls: { ca: rootCertificates[0]! },
    handshakeMsMax: 20,
  })
  t.teardown(() => {
    channel.close()
    for (const socket of held) socket.destroy()
    mute.close()
  })
  await t.rejects(channel.service(Resources).Get(request), /TLS handshake timeout/)
  t.ok(held.length > 0, 'it was reached')
})

t.test('a connection whose server says nothing any more is cut, calls and all', async (t) => {
  let asked = (): void => {}
  const reached = new Promise<void>((resolve) => (asked = resolve))
  const server = new RpcServer().add(Resources, {
    Get: () => {
      asked()
      return new Promise<never>(() => {})
    },
  })
  const [port] = await server.listen(['127.0.0.1:0'])
  const road: Socket[] = []
  const wire = createServer((near) => {
    const far = connect(port!, '127.0.0.1')
    for (const socket of [near, far]) road.push(socket.on('error', () => {}))
    near.pipe(far).pipe(near)
  })
  const channel = new RpcChannel(`127.0.0.1:${await listen(wire)}`, {
    keepAlive: { everyMs: 20, timeoutMs: 200 },
  })
  t.teardown(async () => {
    channel.close()
    for (const socket of road) socket.destroy()
    wire.close()
    await server.close(0)
  })
  const call = channel.service(Resources).Get(request)
  await Promise.race([reached, call])
  for (const socket of road) socket.unpipe().pause()
  await t.rejects(call, { code: 14 }, 'UNAVAILABLE')
})
