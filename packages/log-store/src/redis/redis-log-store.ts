import type { Redis } from 'ioredis'
import type { Clock } from '@kemu/base'
import { encodeEntry } from '../log-entry.ts'
import { LogStoreUnavailable } from '../log-store.ts'
import type { AppendOutcome, LogBatch, LogStore } from '../log-store.ts'
import { indexKey, positionsKey, streamName } from '../stream-name.ts'
import { appendScript } from './append-script.ts'

export interface StreamLimits {
  /** Entries of one stream; Redis drops whole nodes of a hundred, so a few more stay. */
  readonly streamEntriesMax: number
  /** A stream that got nothing for so long goes. */
  readonly retentionMs: number
}

/** A LogStore in Redis: a stream for each source, and the positions in a hash for each host. */
export class RedisLogStore implements LogStore {
  readonly #redis: Redis
  readonly #clock: Clock
  readonly #limits: StreamLimits

  constructor(redis: Redis, clock: Clock, limits: StreamLimits) {
    this.#redis = redis
    this.#clock = clock
    this.#limits = limits
  }

  async append({ host, file, source, from, to, lines }: LogBatch): Promise<AppendOutcome> {
    const entries = lines.flatMap((line) => {
      const words = encodeEntry(line)
      return [words.length, ...words]
    })
    const { streamEntriesMax, retentionMs } = this.#limits
    const limits = [streamEntriesMax, retentionMs, Math.round(this.#clock.now())]
    const keys = [positionsKey(host), indexKey, streamName(source)]
    const words = [file, from, to, ...limits, ...entries]
    const answer = await orUnavailable(this.#redis.eval(appendScript, 3, ...keys, ...words))
    if (answer === 'ok') return { kind: 'appended' }
    return { kind: 'elsewhere', position: Number(answer) }
  }

  async positions(host: string): Promise<ReadonlyMap<string, number>> {
    const all = await orUnavailable(this.#redis.hgetall(positionsKey(host)))
    return new Map(Object.entries(all).map(([file, position]) => [file, Number(position)]))
  }

  async forget(host: string, files: readonly string[]): Promise<void> {
    if (files.length > 0) await orUnavailable(this.#redis.hdel(positionsKey(host), ...files))
  }

  onConnect(listener: () => void): void {
    this.#redis.on('ready', listener)
  }
}

/** Whatever Redis or the way to it has against a call, trying again is right. */
async function orUnavailable<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (cause) {
    throw new LogStoreUnavailable((cause as Error).message, { cause })
  }
}
