import { mkdtempSync, rmSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { RpcChannel } from './client.ts'
import { Resources } from './generated/resources.ts'
import { RpcServer } from './server.ts'
import { status } from './status.ts'

const echo = (): RpcServer => new RpcServer().add(Resources, { Get: () => ({ code: 200 }) })

function socketPath(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-rpc-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  return `unix://${join(dir, 's')}`
}

t.test(
  'a call fails while nobody listens, and the next one finds the server that came',
  async (t) => {
    const target = socketPath(t)
    const channel = new RpcChannel(target)
    const { Get } = channel.service(Resources)
    await t.rejects(Get({}), { code: status.UNAVAILABLE, message: /ENOENT/ })
    const server = echo()
    await server.listen([target])
    t.teardown(async () => {
      channel.close()
      await server.close(0)
    })
    await channel.ready(60_000)
    t.match(await Get({}), { code: 200 })
  },
)

t.test(
  'a server that comes back is found; calls that it took with it are UNAVAILABLE',
  async (t) => {
    const target = socketPath(t)
    let reached = (): void => undefined
    const asked = new Promise<void>((resolve) => (reached = resolve))
    const first = new RpcServer().add(Resources, {
      Get: () => {
        reached()
        return new Promise<never>(() => {})
      },
    })
    await first.listen([target])
    const channel = new RpcChannel(target)
    const { Get } = channel.service(Resources)
    const lost = Get({})
    await Promise.race([asked, lost])
    await Promise.all([t.rejects(lost, { code: status.UNAVAILABLE }), first.close(0)])
    const second = echo()
    await second.listen([target])
    t.teardown(async () => {
      channel.close()
      await second.close(0)
    })
    await channel.ready(60_000)
    t.match(await Get({}), { code: 200 })
  },
)

t.test('a server that closes lets running calls end', async (t) => {
  let reached = (): void => undefined
  const asked = new Promise<void>((resolve) => (reached = resolve))
  let answer = (_response: object): void => undefined
  const server = new RpcServer().add(Resources, {
    Get: () => {
      reached()
      return new Promise<object>((resolve) => (answer = resolve))
    },
  })
  const [port] = await server.listen(['127.0.0.1:0'])
  const channel = new RpcChannel(`localhost:${port}`)
  t.teardown(() => channel.close())
  const { Get } = channel.service(Resources)
  const running = Get({})
  await Promise.race([asked, running])
  const closed = server.close(60_000)
  answer({ code: 200 })
  t.match(await running, { code: 200 })
  await closed
  await t.rejects(Get({}), { code: status.UNAVAILABLE })
})

t.test(
  'an aborted call is cancelled, before and while it runs, and so is one of a closed channel',
  async (t) => {
    const server = new RpcServer().add(Resources, { Get: () => new Promise<never>(() => {}) })
    const [port] = await server.listen(['127.0.0.1:0'])
    const channel = new RpcChannel(`127.0.0.1:${port}`)
    t.teardown(() => server.close(0))
    const { Get } = channel.service(Resources)
    await t.rejects(Get({}, { signal: AbortSignal.abort() }), { code: status.CANCELLED })
    await channel.ready(60_000)
    const abort = new AbortController()
    const running = Get({}, { signal: abort.signal })
    abort.abort()
    await t.rejects(running, { code: status.CANCELLED })
    channel.close()
    await t.rejects(Get({}), { code: status.CANCELLED })
  },
)

t.test('what another server than one of gRPC says is told by its HTTP status', async (t) => {
  const { createServer: createHttp2Server } = await import('node:http2')
  const proxy = createHttp2Server((_request, response) => response.writeHead(503).end('busy'))
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const channel = new RpcChannel(`127.0.0.1:${(proxy.address() as AddressInfo).port}`)
  t.teardown(() => {
    channel.close()
    proxy.close()
  })
  await t.rejects(channel.service(Resources).Get({}), { code: status.UNAVAILABLE, message: /503/ })
})

t.test('what is no gRPC call is refused as such', async (t) => {
  const server = echo()
  const [port] = await server.listen(['127.0.0.1:0'])
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  t.teardown(async () => {
    session.destroy()
    await server.close(0)
  })
  const stream = session.request({ ':path': '/' })
  const code = await new Promise((resolve) => {
    stream.on('response', (headers) => resolve(headers[':status']))
  })
  t.equal(code, 415)
})

t.test(
  'an address that takes no connection does not keep the next one from being tried',
  async (t) => {
    const server = echo()
    const [port] = await server.listen(['127.0.0.1:0'])
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port: closedPort } = other.address() as AddressInfo
    await new Promise<void>((resolve) => other.close(() => resolve()))
    const refused = new RpcChannel(`127.0.0.1:${closedPort}`)
    const channel = new RpcChannel(`localhost:${port}`)
    t.teardown(async () => {
      refused.close()
      channel.close()
      await server.close(0)
    })
    await t.rejects(refused.service(Resources).Get({}), { code: status.UNAVAILABLE })
    t.match(await channel.service(Resources).Get({}), { code: 200 }, 'localhost may be ::1 first')
  },
)
