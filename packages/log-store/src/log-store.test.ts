import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { systemClock } from '@kemu/base'
import t from 'tap'
import type { LogBatch, LogReader, LogStore } from './log-store.ts'
import { LogStoreUnavailable } from './log-store.ts'
import { RedisLogReader } from './redis/redis-log-reader.ts'
import { RedisLogStore } from './redis/redis-log-store.ts'
import { logStoreContract } from './testing/log-store.contract.ts'
import type { Owner } from './testing/log-store.contract.ts'
import { MemoryLogStore } from './testing/memory-log-store.ts'
import { redisServer, startRedis } from './testing/redis-process.ts'
import type { RedisProcess } from './testing/redis-process.ts'

const limits = { streamEntriesMax: 200, retentionMs: 3_600_000 }
const skip = redisServer === undefined ? 'needs redis-server on PATH' : false

logStoreContract('the store in memory', () => Promise.resolve(new MemoryLogStore()))

if (skip === false) logStoreContract('Redis', async (t) => (await openRedis(t)).store)

interface Opened {
  readonly store: LogStore & LogReader
  readonly redis: Redis
  readonly server: RedisProcess
  /** kill -9 and a new process over the same data. */
  readonly restart: () => Promise<void>
}

async function openRedis(t: Owner, streamEntriesMax = limits.streamEntriesMax): Promise<Opened> {
  const dir = mkdtempSync(join(tmpdir(), 'log-store-'))
  let server = await startRedis(dir)
  const redis = new Redis(server.socket, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    lazyConnect: true,
    retryStrategy: () => 20,
  })
  redis.on('error', () => {}) // it is killed on purpose
  await redis.connect()
  t.teardown(async () => {
    redis.disconnect()
    await server.kill()
    rmSync(dir, { recursive: true })
  })
  const writer = new RedisLogStore(redis, systemClock, { ...limits, streamEntriesMax })
  const reader = new RedisLogReader(redis)
  const store: LogStore & LogReader = {
    append: (batch) => writer.append(batch),
    positions: (host) => writer.positions(host),
    forget: (host, files) => writer.forget(host, files),
    onConnect: (listener) => writer.onConnect(listener),
    sources: (sinceMs) => reader.sources(sinceMs),
    lines: (source, from, count) => reader.lines(source, from, count),
  }
  const restart = async (): Promise<void> => {
    await server.kill()
    const connected = new Promise((resolve) => redis.once('ready', resolve))
    server = await startRedis(dir)
    await connected
  }
  return { store, redis, server, restart }
}

const web = { kind: 'pod', namespace: 'default', pod: 'web' } as const

function batch(from: number, count: number): LogBatch {
  const lines = Array.from({ length: count }, (_, i) => ({
    time: '2026-11-21T22:00:00.000000001Z',
    host: 'h',
    container: 'app',
    stream: 'stdout' as const,
    partial: false,
    resent: false,
    text: Buffer.from(`line ${from + i}`),
  }))
  return { host: 'h', file: 'f', source: web, from, to: from + count, lines }
}

void t.test('what Redis acknowledged outlives kill -9 of it', { skip }, async (t) => {
  const { store, restart } = await openRedis(t)
  let acknowledged = 0
  const outcomes = Array.from({ length: 20 }, (_, i) => store.append(batch(i * 5, 5)))
  for (const outcome of outcomes) {
    const { kind } = await outcome
    if (kind === 'appended') acknowledged += 5
  }
  await restart()
  t.equal(acknowledged, 100)
  const kept = await store.lines(web, '-', 1000)
  t.same(
    kept.map(({ line }) => line.text.toString()),
    Array.from({ length: 100 }, (_, i) => `line ${i}`),
  )
  t.same([...(await store.positions('h'))], [['f', 100]])
})

void t.test(
  'a killed Redis is unavailable, and whoever waits hears when it is back',
  { skip },
  async (t) => {
    const { store, server, restart } = await openRedis(t)
    let connects = 0
    store.onConnect(() => (connects += 1))
    await server.kill()
    await t.rejects(store.append(batch(0, 1)), LogStoreUnavailable)
    await restart()
    t.equal(connects, 1)
    t.same(await store.append(batch(0, 1)), { kind: 'appended' })
  },
)

void t.test('a stream keeps about as many lines as it may, the newest', { skip }, async (t) => {
  const { store } = await openRedis(t, 200)
  for (let i = 0; i < 20; i += 1) await store.append(batch(i * 100, 100))
  const kept = await store.lines(web, '-', 5000)
  t.ok(kept.length >= 200 && kept.length <= 300, `${kept.length} lines`)
  t.equal(kept.at(-1)!.line.text.toString(), 'line 1999')
})

void t.test(
  'a silent stream goes after its time, and is no longer a source',
  { skip },
  async (t) => {
    const { store, redis } = await openRedis(t)
    await store.append(batch(0, 1))
    const ttlMs = await redis.pttl('logs:pod:default/web')
    t.ok(ttlMs > limits.retentionMs - 60_000 && ttlMs <= limits.retentionMs, `${ttlMs} ms`)
    t.same(await store.sources(systemClock.now() + 1000), [])
  },
)
