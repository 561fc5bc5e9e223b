import type { Redis } from 'ioredis'
import { decodeEntry } from '../log-entry.ts'
import type { LogSource } from '../log-line.ts'
import type { LogReader, StoredLine } from '../log-store.ts'
import { indexKey, parseStreamName, streamName } from '../stream-name.ts'

/** Reads streams back; errors are ioredis's own. */
export class RedisLogReader implements LogReader {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async sources(sinceMs?: number): Promise<LogSource[]> {
    const names = await this.#redis.zrangebyscore(indexKey, sinceMs ?? '-inf', '+inf')
    return names.map(parseStreamName).filter((source) => source !== undefined)
  }

  async lines(source: LogSource, from: string, count: number): Promise<StoredLine[]> {
    const entries = await this.#redis.xrangeBuffer(streamName(source), from, '+', 'COUNT', count)
    return entries.map(([id, fields]) => ({ id: id.toString(), line: decodeEntry(fields) }))
  }
}
