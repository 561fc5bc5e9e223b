import type { Duplex } from 'node:stream'
import { AbstractConnector, Redis } from 'ioredis'
import type { Logger } from '@kemu/base'

/** A hung Redis, or a host that went without a word; what was asked is tried again. */
const commandMs = 10_000
/** Within a cluster; the address of a pod that is gone swallows what is sent to it. */
const connectMs = 2000
const reconnectMsMax = 1000
/** A stream that does not end when asked is destroyed after this. */
const disconnectMs = 2000

type NetStream = AbstractConnector['stream']

export type RedisAddress =
  | { readonly host: string; readonly port: number }
  /** A unix socket. */
  | { readonly path: string }

/**
 * A connection for a collector: it comes back by itself, fails what was under way when it breaks, and keeps nothing in
 * line meanwhile, because what is to be sent waits in the files.
 */
export function openRedis(address: RedisAddress, logger: Logger): Redis {
  const redis = new Redis({
    ...address,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    commandTimeout: commandMs,
    connectTimeout: connectMs,
    keepAlive: commandMs,
    retryStrategy: (tries) => Math.min(reconnectMsMax, 50 * tries),
  })
  let isDown = false
  redis.on('error', (error: Error) => {
    if (isDown) return
    isDown = true
    logger.warn('Redis does not answer', { ...address, err: error })
  })
  redis.on('ready', () => {
    isDown = false
    logger.info('Redis answers', { ...address })
  })
  return redis
}

/** One connection over a stream that is there already (a forwarded port); when that ends, so do its commands. */
export function openRedisOver(stream: Duplex): Redis {
  // The client asks every socket for keep-alive; the connection below this stream has its own.
  const socket = Object.assign(stream, { setKeepAlive: () => stream }) as unknown as NetStream
  class OverStream extends AbstractConnector {
    connect(): Promise<NetStream> {
      this.stream = socket
      return Promise.resolve(socket)
    }
  }
  return new Redis({
    Connector: OverStream.bind(undefined, disconnectMs),
    commandTimeout: commandMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    noDelay: false,
  })
}
