import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { KV, Watch } from '@kemu/rpc/etcd'
import type { PutResponse, RangeResponse } from '@kemu/rpc/etcd'
import t from 'tap'
import type { Test } from 'tap'
import { startTestMember } from '../testing/test-member.ts'

// Our framing against clients that we did not write: grpc-js, node:http2 and hand-made bytes.

const { Range, Put } = KV.definition()

function grpcJs(t: Test, port: number): Client {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
  })
  t.teardown(() => client.close())
  return client
}

function ask<O>(client: Client, method: typeof Range, request: object): Promise<O> {
  const { path, requestSerialize, responseDeserialize } = method!
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
      error ? reject(error) : resolve(answer as O),
    )
  })
}

t.test('serves grpc-js: calls side by side, errors, large values', async (t) => {
  const { server } = await startTestMember(t)
  const client = grpcJs(t, server.clientPorts[0]!)
  const put = (key: string, value: Buffer): Promise<PutResponse> =>
    ask(client, Put, { key: Buffer.from(key), value })
  const puts = Array.from({ length: 300 }, (_, i) => put(`k${i}`, Buffer.from(`v${i}`)))
  await Promise.all(puts)
  const all = { key: Buffer.from('k'), rangeEnd: Buffer.from('l') }
  const { kvs, count } = await ask<RangeResponse>(client, Range, all)
  t.equal(count, '300')
  t.equal(kvs.find(({ key }) => key.toString() === 'k77')?.value.toString(), 'v77')
  const big = Buffer.alloc(1_400_000, 0xe4)
  await put('big', big)
  const range = await ask<RangeResponse>(client, Range, { key: Buffer.from('big') })
  t.ok(range.kvs[0]!.value.equals(big), 'past every window of the client')
  const refusal = { code: 3, details: 'etcdserver: key is not provided' }
  await t.rejects(ask(client, Range, {}), refusal)
})

t.test('streams to grpc-js and notices when it cancels', async (t) => {
  const { server } = await startTestMember(t)
  const client = grpcJs(t, server.clientPorts[0]!)
  const { path, requestSerialize, responseDeserialize } = Watch.definition()['Watch']!
  const watch = client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    new Metadata(),
  )
  watch.on('error', () => {})
  const next = (): Promise<{ created: boolean; events: { kv: { value: Buffer } | null }[] }> =>
    new Promise((resolve) => watch.once('data', resolve))
  watch.write({ createRequest: { key: Buffer.from('k') } })
  t.ok((await next()).created)
  const event = next()
  await ask(client, Put, { key: Buffer.from('k'), value: Buffer.from('v') })
  t.equal((await event).events[0]?.kv?.value.toString(), 'v')
  t.equal(server.member.hub.watcherCount, 1)
  watch.cancel()
  while (server.member.hub.watcherCount > 0) await new Promise((resolve) => setImmediate(resolve))
  t.equal(server.member.hub.watcherCount, 0)
})

t.test('waits for the window of a slow reader and loses nothing', async (t) => {
  const { server, channel } = await startTestMember(t)
  const { KVService } = await import('@kemu/rpc/etcd-codec')
  await channel.unary(KVService.Put, { key: 'k', value: 'x'.repeat(1_000_000) })
  const session = connectHttp2(`http://127.0.0.1:${server.clientPorts[0]}`, {
    settings: { initialWindowSize: 1000 },
  })
  t.teardown(() => session.close())
  const request = session.request({
    ':method': 'POST',
    ':path': '/etcdserverpb.KV/Range',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  request.end(Buffer.from([0, 0, 0, 0, 3, 0x0a, 1, 0x6b]))
  let bytes = 0
  let status: unknown
  request.on('trailers', (headers) => {
    status = headers['grpc-status']
  })
  for await (const chunk of request) bytes += (chunk as Buffer).length
  t.ok(bytes > 1_000_000)
  t.equal(status, '0')
})

t.test('answers a ping that no request follows', async (t) => {
  const { server } = await startTestMember(t)
  const session = connectHttp2(`http://127.0.0.1:${server.clientPorts[0]}`)
  t.teardown(() => session.close())
  await once(session, 'remoteSettings')
  const sent = Buffer.from('12345678')
  const answer = await new Promise<Buffer>((resolve, reject) => {
    session.ping(sent, (error, _ms, payload) => (error ? reject(error) : resolve(payload)))
  })
  t.same(answer, sent)
})

t.test('an unknown method is UNIMPLEMENTED', async (t) => {
  const { channel } = await startTestMember(t)
  const { KVService } = await import('@kemu/rpc/etcd-codec')
  const method = { ...KVService.Range, path: '/etcdserverpb.KV/Nonsense' }
  await t.rejects(channel.unary(method, { key: 'k' }), {
    code: 12,
    message: 'unknown method Nonsense for service etcdserverpb.KV',
  })
})

t.test('bytes that are no protobuf are refused, and the connection goes on', async (t) => {
  const { channel } = await startTestMember(t)
  const { KVService } = await import('@kemu/rpc/etcd-codec')
  const broken = {
    ...KVService.Range,
    request: {
      ...KVService.Range.request,
      encode: (writer: { raw(bytes: Uint8Array): void; uint32(value: number): void }) => {
        writer.raw(Buffer.from('xyz'))
        writer.uint32(200)
        writer.uint32(10)
      },
    },
  }
  await t.rejects(channel.unary(broken, {}), { code: 13 })
  t.equal((await channel.unary(KVService.Range, { key: 'k' })).count, 0)
})

const goAway = 7
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
const faults: [name: string, frame: number[]][] = [
  ['a frame that is too large', [0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]],
  ['a ping of the wrong size', [0, 0, 1, 6, 0, 0, 0, 0, 0, 0]],
  ['a stream with an even number', [0, 0, 1, 1, 5, 0, 0, 0, 2, 0x82]],
  ['headers that cannot be decoded', [0, 0, 1, 1, 5, 0, 0, 0, 1, 0x80]],
  ['a continuation of nothing', [0, 0, 1, 9, 4, 0, 0, 0, 1, 0x82]],
  ['a push', [0, 0, 4, 5, 4, 0, 0, 0, 1, 0, 0, 0, 2]],
]
for (const [name, frame] of faults) {
  t.test(`ends a connection that breaks the protocol: ${name}`, async (t) => {
    const { server } = await startTestMember(t)
    const socket = connectTcp(server.clientPorts[0]!, '127.0.0.1')
    socket.write(Buffer.concat([Buffer.from(preface), settings, Buffer.from(frame)]))
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    t.ok(frameTypes(Buffer.concat(chunks)).includes(goAway))
  })
}

function frameTypes(bytes: Buffer): number[] {
  const types: number[] = []
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3))
    types.push(bytes[at + 3]!)
  return types
}
