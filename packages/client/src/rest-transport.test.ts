import { createServer as createHttpsServer } from 'node:https'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { rootCertificates } from 'node:tls'
import t from 'tap'
import { systemClock } from '@kemu/base'
import { CertificateAuthority } from '@kemu/pki'
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

t.test('a server that says nothing any more is given up, by calls and by watches', async (t) => {
  const authority = await CertificateAuthority.create('ca', systemClock.now())
  const { certificate, privateKey } = await authority.issue({
    commonName: 'server',
    usages: ['server auth'],
    ipAddresses: ['127.0.0.1'],
    notBeforeMs: systemClock.now() - 60_000,
    notAfterMs: systemClock.now() + 3_600_000,
  })
  const server = createHttpsServer({ cert: certificate, key: privateKey }, (request, response) => {
    if (request.url?.includes('watch=true')) response.writeHead(200).write('{"type":"BOOKMARK",')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const transport = new RestTransport({
    server: `https://127.0.0.1:${port}`,
    ca: authority.certificate,
    userAgent: 'test',
    resolve: (name) => Promise.resolve([name]),
    clock: systemClock,
    silenceMs: 50,
  })
  t.teardown(() => {
    transport.close()
    server.closeAllConnections()
    server.close()
  })
  const silence = { name: 'ConnectionError', message: 'nothing heard from the server for 0.05 s' }
  await t.rejects(transport.raw('GET', '/version'), silence)
  const pods = {
    group: '',
    version: 'v1',
    resource: 'pods',
    namespace: '',
    name: '',
    subresource: '',
  }
  const watch = transport.watch(pods, { allowBookmarks: true }, new AbortController().signal)
  await t.rejects(watch[Symbol.asyncIterator]().next(), silence)
})
