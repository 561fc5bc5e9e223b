import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Client,
  credentials,
  Metadata as JsMetadata,
  Server as JsServer,
  ServerCredentials,
} from '@grpc/grpc-js'
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  sendUnaryData,
  ServerUnaryCall,
  ServiceError,
} from '@grpc/grpc-js'
import t from 'tap'
import type { Test } from 'tap'
import { RpcChannel } from './client.ts'
import { RpcError } from './error.ts'
import { Resources } from './generated/resources.ts'
import type { GetRequest, ObjectResponse, WatchResponse } from './generated/resources.ts'
import { binaryValue, bytesOf } from './metadata.ts'
import type { Metadata } from './metadata.ts'
import { RpcServer } from './server.ts'
import type { Message } from './service.ts'
import { status } from './status.ts'

// One list of cases for our client and server, each with the other's and with that of @grpc/grpc-js.

type Get = (
  metadata: Metadata,
  name: string,
  gone: Promise<void>,
) => Promise<Message<ObjectResponse>>

interface Calls {
  get(name: string, options?: { timeoutMs?: number; metadata?: Metadata }): Promise<ObjectResponse>
  watch(): AsyncIterable<WatchResponse>
}

interface Service {
  readonly get: Get
  readonly events: number
  readonly onWatchEnd: () => void
}

const request = (name: string): Message<GetRequest> => ({
  path: { group: '', version: 'v1', resource: 'pods', namespace: 'default', name },
})
const { Get: getMethod, Watch: watchMethod } = Resources.definition()
const eventBytes = 10_000

async function ourServer(t: Test, address: string, service: Service): Promise<string> {
  const server = new RpcServer().add(Resources, {
    Get: ({ path }, call) => {
      const gone = new Promise<void>((resolve) => call.onCancelled(resolve))
      return service.get(call.metadata, path!.name, gone)
    },
    Watch: async (_request, call) => {
      call.onCancelled(service.onWatchEnd)
      for (let i = 0; i < service.events && !call.isCancelled; i++)
        if (!call.write({ events: [{ object: Buffer.alloc(eventBytes, i) }] })) await call.drained()
      call.end()
    },
  })
  const [port] = await server.listen([address])
  t.teardown(() => server.close(0))
  return port === 0 ? address : `127.0.0.1:${port}`
}

async function theirServer(t: Test, address: string, service: Service): Promise<string> {
  const server = new JsServer({ 'grpc.max_receive_message_length': -1 })
  const get: handleUnaryCall<GetRequest, object> = (call, reply) =>
    void answerByGrpcJs(call, reply, service.get)
  const watch: handleServerStreamingCall<object, object> = (call) => {
    for (let i = 0; i < service.events; i++)
      call.write({ events: [{ object: Buffer.alloc(eventBytes, i) }] })
    call.end()
  }
  server.addService({ Get: getMethod!, Watch: watchMethod! }, { Get: get, Watch: watch })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  t.teardown(() => server.forceShutdown())
  return address.startsWith('unix:') ? address : `127.0.0.1:${port}`
}

async function answerByGrpcJs(
  call: ServerUnaryCall<GetRequest, object>,
  reply: sendUnaryData<object>,
  get: Get,
): Promise<void> {
  const metadata = Object.fromEntries(
    Object.entries(call.metadata.getMap()).map(([key, value]) => [key, String(value)]),
  )
  const gone = new Promise<void>((resolve) => call.on('cancelled', () => resolve()))
  try {
    reply(null, await get(metadata, call.request.path!.name, gone))
  } catch (error) {
    const { code, message, metadata: trailing } = error as RpcError
    const trailers = new JsMetadata()
    for (const key of Object.keys(trailing)) {
      const bytes = key.endsWith('-bin') ? bytesOf(trailing, key as '-bin') : undefined
      trailers.set(key, bytes ?? trailing[key]!)
    }
    reply({ code, details: message, metadata: trailers })
  }
}

function ourClient(t: Test, target: string): Calls {
  const channel = new RpcChannel(target, { userAgent: 'tester/1' })
  t.teardown(() => channel.close())
  const resources = channel.service(Resources)
  return {
    get: (name, options) => resources.Get(request(name), options),
    watch: () => resources.Watch({}),
  }
}

function theirClient(t: Test, target: string): Calls {
  const client = new Client(target, credentials.createInsecure(), {
    'grpc.primary_user_agent': 'tester/1',
    'grpc.max_receive_message_length': -1,
    // A metadata of 40 KB is asked for.
    'grpc.max_metadata_size': 1 << 20,
  })
  t.teardown(() => client.close())
  return {
    get: (name, { timeoutMs, metadata = {} } = {}) =>
      new Promise((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = getMethod!
        const headers = new JsMetadata()
        for (const [key, value] of Object.entries(metadata)) headers.set(key, value)
        const options = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs }
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request(name),
          headers,
          options,
          (error, response) => (error ? reject(ofGrpcJs(error)) : resolve(response as never)),
        )
      }),
    watch: () => {
      const { path, requestSerialize, responseDeserialize } = watchMethod!
      return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {})
    },
  }
}

function ofGrpcJs({ code, details, metadata }: ServiceError): RpcError {
  const trailers = Object.entries(metadata.getMap()).map(([key, value]) => [
    key,
    Buffer.isBuffer(value) ? binaryValue(value) : value,
  ])
  return new RpcError(code, details, Object.fromEntries(trailers) as Metadata)
}

const pairs = [
  { name: 'our client and our server', server: ourServer, client: ourClient },
  { name: 'our client and the server of grpc-js', server: theirServer, client: ourClient },
  { name: 'the client of grpc-js and our server', server: ourServer, client: theirClient },
]

for (const { name, server, client } of pairs) {
  const connect = async (t: Test, service: Partial<Service>): Promise<Calls> => {
    const whole: Service = {
      get: async () => ({}),
      events: 0,
      onWatchEnd: () => undefined,
      ...service,
    }
    return client(t, await server(t, '127.0.0.1:0', whole))
  }

  t.test(`${name}: calls side by side, each with its own answer`, async (t) => {
    const calls = await connect(t, {
      get: async (_metadata, name) => ({ object: Buffer.from(name), code: 201 }),
    })
    const names = Array.from({ length: 200 }, (_, i) => `pod-${i}`)
    const answers = await Promise.all(names.map((name) => calls.get(name)))
    t.strictSame(
      answers.map(({ object }) => object.toString()),
      names,
    )
  })

  t.test(`${name}: over a unix socket`, async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'kemu-rpc-'))
    t.teardown(() => rmSync(dir, { recursive: true }))
    const service = { get: async () => ({ code: 7 }), events: 0, onWatchEnd: () => undefined }
    const target = await server(t, `unix:${join(dir, 's')}`, service)
    t.match(await client(t, target).get('a'), { code: 7 })
  })

  t.test(`${name}: messages larger than every window, both ways`, async (t) => {
    const big = 'x'.repeat(9_000_000)
    const calls = await connect(t, {
      get: async (_metadata, name) => ({ object: Buffer.from(name) }),
    })
    t.equal((await calls.get(big)).object.length, big.length)
  })

  t.test(`${name}: a refusal has its code, its words and its metadata`, async (t) => {
    const bytes = Buffer.from([0, 1, 254, 255])
    const long = Buffer.alloc(30_000, 7)
    const calls = await connect(t, {
      get: async () => {
        throw new RpcError(status.ABORTED, 'schief gegangen: 100 % ☂\n', {
          'a-bin': binaryValue(bytes),
          'long-bin': binaryValue(long),
          plain: 'words',
        })
      },
    })
    const error = await calls.get('a').then(undefined, (refusal: RpcError) => refusal)
    t.match(error, { code: status.ABORTED, message: 'schief gegangen: 100 % ☂\n' })
    const { metadata } = error as RpcError
    t.ok(bytesOf(metadata, 'a-bin')?.equals(bytes))
    t.ok(bytesOf(metadata, 'long-bin')?.equals(long), 'longer than a frame')
    t.equal(metadata['plain'], 'words')
  })

  t.test(`${name}: the server sees headers and user agent`, async (t) => {
    let seen: Metadata = {}
    const calls = await connect(t, {
      get: async (metadata) => {
        seen = metadata
        return {}
      },
    })
    await calls.get('a', { metadata: { authorization: 'Bearer abc', long: 'y'.repeat(20_000) } })
    t.match(seen, { authorization: 'Bearer abc', 'user-agent': /^tester\/1/ })
    t.equal(seen['long']?.length, 20_000, 'longer than a frame')
  })

  t.test(`${name}: a call ends at its time, and the server knows`, async (t) => {
    let knows = (): void => undefined
    const known = new Promise<void>((resolve) => (knows = resolve))
    const calls = await connect(t, {
      get: async (_metadata, _name, gone) => {
        await gone
        knows()
        return {}
      },
    })
    await t.rejects(calls.get('a', { timeoutMs: 100 }), { code: status.DEADLINE_EXCEEDED })
    await known
  })

  t.test(`${name}: a stream of many messages comes whole and in order`, async (t) => {
    const calls = await connect(t, { events: 2000 })
    let count = 0
    for await (const { events } of calls.watch()) {
      if (events[0]!.object[0] !== (count & 255)) break
      count += 1
    }
    t.equal(count, 2000)
  })

  t.test(`${name}: a method that is not served is UNIMPLEMENTED`, async (t) => {
    const target = await server(t, '127.0.0.1:0', {
      get: async () => ({}),
      events: 0,
      onWatchEnd: () => undefined,
    })
    const channel = new RpcChannel(target)
    t.teardown(() => channel.close())
    await t.rejects(channel.service(Resources).Delete({}), { code: status.UNIMPLEMENTED })
  })
}

t.test('leaving a stream tells the server, which waits for slow readers', async (t) => {
  let isOver = (): void => undefined
  const over = new Promise<void>((resolve) => (isOver = resolve))
  const target = await ourServer(t, '127.0.0.1:0', {
    get: async () => ({}),
    events: Number.POSITIVE_INFINITY,
    onWatchEnd: isOver,
  })
  for await (const { events } of ourClient(t, target).watch()) {
    t.equal(events.length, 1)
    break
  }
  await over
})
