import { once } from 'node:events'
import { createServer, get } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { gunzipSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { WebSocket } from 'ws'
import { systemClock } from '@kemu/base'
import { CertificateAuthority, certificateLifetimeMs } from '@kemu/pki'
import { path } from '../testing/cases/case.ts'
import { admin as adminUser, TestServer } from '../testing/test-server.ts'

const nowMs = systemClock.now()
const authority = await CertificateAuthority.create('kubelets', nowMs)
const identity = await authority.issue({
  commonName: 'n1',
  organizations: [],
  usages: ['server auth'],
  ipAddresses: ['127.0.0.1'],
  notBeforeMs: nowMs - 60_000,
  notAfterMs: nowMs + certificateLifetimeMs,
})

/** A kubelet that tells what it was asked. */
const asked: string[] = []
const kubelet = createServer(
  { cert: identity.certificate, key: identity.privateKey },
  (message: IncomingMessage, response: ServerResponse) => {
    asked.push(`${message.method} ${message.url}`)
    if (message.url?.includes('previous=true')) {
      response.writeHead(400).end('previous terminated container "c" in pod "p" not found')
    } else if (message.url === '/page') {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      const { host, 'x-forwarded-uri': uri } = message.headers
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync(`<a href="/x">é ${host} ${String(uri)}</a>`))
    } else if (message.url === '/elsewhere') {
      response.writeHead(302, { location: '/there/', 'access-control-allow-origin': '*' }).end()
    } else if (message.headers.authorization !== undefined) response.writeHead(500).end('a secret')
    else response.end('line one\nline two\n')
  },
)
kubelet.on('upgrade', (message, socket) => {
  asked.push(`${message.method} ${message.url} ${message.headers.upgrade}`)
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  socket.pipe(socket)
})
kubelet.listen(0, '127.0.0.1')
await once(kubelet, 'listening')
const kubeletPort = (kubelet.address() as AddressInfo).port

const server = await TestServer.start('memory:', ['--kubelet-preferred-address-types=InternalIP'])
t.teardown(async () => {
  await server.stop()
  kubelet.closeAllConnections()
  kubelet.close()
})
const admin = await server.rest(adminUser)
const pods = path('pods', { namespace: 'default' })
await admin.create(path('serviceaccounts', { namespace: 'default' }), {
  kind: 'ServiceAccount',
  apiVersion: 'v1',
  metadata: { name: 'default' },
})
await admin.create(path('nodes'), { kind: 'Node', apiVersion: 'v1', metadata: { name: 'n1' } })
await admin.patch(path('nodes', { name: 'n1', subresource: 'status' }), 'merge', {
  status: {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
  },
})
for (const [name, nodeName, containers] of [
  ['p', 'n1', ['c']],
  ['q', 'n1', ['c', 'd']],
  ['nowhere', '', ['c']],
] as const) {
  await admin.create(pods, {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name },
    spec: {
      ...(nodeName !== '' && { nodeName }),
      containers: containers.map((container) => ({ name: container, image: 'pause' })),
    },
  })
}

const base = '/api/v1/namespaces/default/pods'

t.test('gives the logs that the kubelet has', async (t) => {
  const { code, text } = await admin.raw('GET', `${base}/p/log?tailLines=2&timestamps=true`)
  t.equal(code, 200)
  t.equal(text, 'line one\nline two\n')
  t.equal(asked.at(-1), 'GET /containerLogs/default/p/c?tailLines=2&timestamps=true')
  t.same(await admin.raw('GET', `${base}/nowhere/log`), { code: 200, text: '' })
})

t.test('says what is wrong in the words of the real server', async (t) => {
  const message = async (where: string): Promise<string> => {
    const { text } = await admin.raw('GET', `${base}/${where}`)
    return (JSON.parse(text) as { message: string }).message
  }
  t.equal(await message('none/log'), 'pods "none" not found')
  t.equal(
    await message('q/log'),
    'a container name must be specified for pod q, choose one of: [c d]',
  )
  t.equal(await message('p/log?container=x'), 'container x is not valid for pod p')
  t.equal(
    await message('p/log?previous=true'),
    'previous terminated container "c" in pod "p" not found',
  )
  t.equal(
    await message('nowhere/exec?command=ls&stdout=true'),
    'pod nowhere does not have a host assigned',
  )
  t.equal(await message('p/exec?command=ls'), 'Upgrade request required')
  t.equal(
    await message('p/log?tailLines=-1'),
    'PodLogOptions "p" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
  )
  t.equal(await message('p/log?sinceSeconds=x'), 'strconv.ParseInt: parsing "x": invalid syntax')
})

t.test('a proxied root needs its slash, and what cannot be reached is unavailable', async (t) => {
  const { code } = await admin.raw('GET', '/api/v1/nodes/n1/proxy')
  t.equal(code, 301)
  const closed = await admin.raw('GET', '/api/v1/nodes/n1:1/proxy/')
  t.equal(closed.code, 503)
  t.match(
    (JSON.parse(closed.text) as { message: string }).message,
    'error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused',
  )
})

t.test('a request that changes something is not redirected to the proxied root', async (t) => {
  const { code } = await admin.raw('POST', '/api/v1/nodes/n1/proxy')
  t.equal(code, 200)
  t.equal(asked.at(-1), 'POST /')
})

t.test('links on a proxied page, and redirections, lead through the proxy', async (t) => {
  const url = `https://127.0.0.1:${server.running.restPort}/api/v1/nodes/n1/proxy`
  const identity = await server.clientIdentity(adminUser)
  const ask = async (path: string): Promise<{ message: IncomingMessage; body: Buffer }> => {
    const outgoing = get(`${url}${path}`, { ...identity, rejectUnauthorized: false, agent: false })
    const [message] = (await once(outgoing, 'response')) as [IncomingMessage]
    const pieces: Buffer[] = []
    for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece)
    return { message, body: Buffer.concat(pieces) }
  }
  const { message, body } = await ask('/page')
  t.equal(message.headers['content-length'], String(body.length))
  const host = `127.0.0.1:${server.running.restPort}`
  t.equal(
    gunzipSync(body).toString(),
    `<a href="/api/v1/nodes/n1/proxy/x">é ${host} /api/v1/nodes/n1/proxy/page</a>`,
  )
  const moved = await ask('/elsewhere')
  t.equal(moved.message.statusCode, 302)
  t.equal(moved.message.headers.location, '/api/v1/nodes/n1/proxy/there/')
  t.equal(moved.message.headers['access-control-allow-origin'], undefined)
})

t.test('joins an upgraded connection to the kubelet byte by byte', async (t) => {
  const socket = connect({
    host: '127.0.0.1',
    port: server.running.restPort,
    rejectUnauthorized: false,
    ...(await server.clientIdentity(adminUser)),
  })
  await once(socket, 'secureConnect')
  socket.write(
    `GET ${base}/p/exec?command=cat&command=-&stdin=true&stdout=true HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`,
  )
  let text = ''
  socket.on('data', (piece: Buffer) => (text += piece.toString()))
  while (!text.includes('\r\n\r\n')) await once(socket, 'data')
  t.match(text, /^HTTP\/1\.1 101 /)
  t.equal(asked.at(-1), 'GET /exec/default/p/c?input=1&output=1&command=cat&command=- echo')
  socket.write('there and back')
  while (!text.endsWith('there and back')) await once(socket, 'data')
  socket.end()
  await once(socket, 'close')
})

t.test('logs come as messages to a WebSocket', async (t) => {
  const open = async (where: string, protocols: string[]): Promise<WebSocket> => {
    const url = `wss://127.0.0.1:${server.running.restPort}${base}/${where}`
    const identity = await server.clientIdentity(adminUser)
    return new WebSocket(url, protocols, { ...identity, rejectUnauthorized: false })
  }
  for (const [protocols, wanted] of [
    [[], [true, '', 'line one\nline two\n']],
    [['binary.k8s.io'], [true, '', 'line one\nline two\n']],
    [['base64.binary.k8s.io'], [false, '', Buffer.from('line one\nline two\n').toString('base64')]],
  ] as const) {
    const webSocket = await open('p/log', [...protocols])
    const said: unknown[] = []
    webSocket.on('message', (data: Buffer, isBinary) => {
      if (said.length === 0) said.push(isBinary)
      said.push(data.toString())
    })
    const [code] = (await once(webSocket, 'close')) as [number]
    t.equal(code, 1000)
    t.same(said, wanted)
  }
  const refused = await open('p/log?previous=true', ['binary.k8s.io'])
  const [, answer] = (await once(refused, 'unexpected-response')) as [unknown, IncomingMessage]
  t.equal(answer.statusCode, 400)
  refused.on('error', () => undefined).terminate()
})

t.test('refuses conversations to those who have no right', async (t) => {
  const nobody = await server.rest({ name: 'nobody', groups: [] })
  const { code, text } = await nobody.raw('GET', `${base}/p/log`)
  t.equal(code, 403)
  t.match(text, /cannot get resource \\"pods\/log\\"/)
})

t.test("passes requests on to a kubelet without the caller's secrets", async (t) => {
  const { code, text } = await admin.raw('GET', '/api/v1/nodes/n1/proxy/stats/summary?only=cpu')
  t.same([code, text], [200, 'line one\nline two\n'])
  t.equal(asked.at(-1), 'GET /stats/summary?only=cpu')
})
