import { createServer as createHttp } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import { createServer as createTcp } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import t from 'tap'
import { systemClock } from '@kemu/base'
import { aContainer } from '../testing/builders.ts'
import { containerPort } from './container-port.ts'
import { probeGrpc } from './grpc.ts'
import { httpTarget, probeHttp } from './http-get.ts'
import { probeTcp } from './tcp.ts'

async function listening(
  test: { teardown(work: () => void): void },
  server: Server,
): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  test.teardown(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function get(test: { teardown(work: () => void): void }, answer: RequestListener) {
  const server = createHttp(answer)
  const port = await listening(test, server)
  test.teardown(() => server.closeAllConnections())
  const action = { port, path: '/health', httpHeaders: [{ name: 'X-A', value: '1' }] }
  const target = httpTarget(action, aContainer('c'), '127.0.0.1', 'probe')
  return { port, outcome: () => probeHttp(systemClock, target, 60_000) }
}

t.test('an HTTP answer below 400 is success, others say their code', async (t) => {
  let code = 200
  let seen: unknown
  const { outcome } = await get(t, (request, response) => {
    seen = [request.url, request.headers['user-agent'], request.headers['x-a']]
    response.writeHead(code).end('fine')
  })
  t.same(await outcome(), { result: 'success', output: 'fine' })
  t.same(seen, ['/health', 'kube-probe/1.36', '1'])
  code = 503
  t.same(await outcome(), { result: 'failure', output: 'HTTP probe failed with statuscode: 503' })
})

t.test('a redirect on the host is followed, one to elsewhere is a warning', async (t) => {
  let location = '/there'
  const { outcome } = await get(t, (request, response) => {
    if (request.url === '/there') response.end('arrived')
    else response.writeHead(302, { location }).end('away')
  })
  t.match(await outcome(), { result: 'success', output: 'arrived' })
  location = 'http://192.0.2.9/'
  t.match(await outcome(), { result: 'warning' })
})

t.test('nobody there and no answer in time are failures in Go words', async (t) => {
  const server = createTcp()
  const port = await listening(t, server)
  server.close()
  await new Promise((resolve) => server.once('close', resolve))
  const target = httpTarget({ port }, aContainer('c'), '127.0.0.1', 'probe')
  t.match(
    (await probeHttp(systemClock, target, 60_000)).output,
    /^Get "http:\/\/127\.0\.0\.1:\d+\/": dial tcp 127\.0\.0\.1:\d+: connect: connection refused$/,
  )
  const silent = createTcp((socket) => t.teardown(() => socket.destroy()))
  const quiet = { ...target, port: await listening(t, silent) }
  t.match(
    (await probeHttp(systemClock, quiet, 50)).output,
    /context deadline exceeded \(Client\.Timeout exceeded while awaiting headers\)$/,
  )
})

t.test('a TCP probe asks only whether somebody listens', async (t) => {
  const server = createTcp((socket) => socket.destroy())
  const port = await listening(t, server)
  t.match(await probeTcp(systemClock, '127.0.0.1', port, 60_000), { result: 'success' })
  server.close()
  await new Promise((resolve) => server.once('close', resolve))
  t.match(await probeTcp(systemClock, '127.0.0.1', port, 60_000), {
    result: 'failure',
    output: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
  })
})

t.test('a gRPC probe asks the health service of its name', async (t) => {
  let serving = 1
  let asked = ''
  const server = createHttp2()
  server.on('stream', (stream, headers) => {
    if (headers[':path'] !== '/grpc.health.v1.Health/Check') return stream.close()
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      asked = Buffer.concat(chunks).subarray(7).toString()
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc' },
        { waitForTrailers: true },
      )
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, serving]))
    })
  })
  const port = await listening(t, server)
  const probe = () => probeGrpc(systemClock, '127.0.0.1', port, 'db', 60_000)
  t.same(await probe(), { result: 'success', output: 'service healthy' })
  t.equal(asked, 'db')
  serving = 2
  t.match(await probe(), {
    result: 'failure',
    output: 'service unhealthy (responded with "NOT_SERVING")',
  })
})

t.test('ports are numbers or names of the container', async (t) => {
  const named = aContainer('c', { ports: [{ name: 'web', containerPort: 8080 }] })
  t.equal(containerPort('web', named), 8080)
  t.equal(containerPort('81', named), 81)
  t.throws(() => containerPort('nope', named), 'port nope not found')
  t.throws(() => containerPort(70_000, named), 'invalid port number: 70000')
})
