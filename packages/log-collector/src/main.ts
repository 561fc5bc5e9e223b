import { containerPath, FlagError, runDaemon, systemClock, systemRandom } from '@kemu/base'
import { openRedis, RedisLogStore } from '@kemu/log-store/redis'
import type { RedisAddress } from '@kemu/log-store/redis'
import { startCollector } from './server.ts'

void runDaemon(
  {
    name: 'log-collector',
    summary: "Ships the logs of this node's containers and components to Redis.",
    flags: {
      'node-name': { type: 'string', default: '', env: 'NODE_NAME', help: "this node's name" },
      'log-dir': { type: 'string', default: '/var/log', help: "the node's log directory" },
      redis: { type: 'string', default: '', help: 'host:port of Redis, or its unix socket' },
      'stream-entries-max': {
        type: 'int',
        default: 10_000,
        help: 'lines that are kept of one pod or component, at least',
      },
      retention: {
        type: 'duration',
        default: '168h',
        help: 'how long a pod or component that says nothing is kept',
      },
    },
    async start({ flags, logger, closers }) {
      if (flags['node-name'] === '') throw new FlagError('--node-name (or NODE_NAME) is required')
      const redis = openRedis(parseAddress(flags.redis), logger)
      closers.defer(() => redis.disconnect())
      const store = new RedisLogStore(redis, systemClock, {
        streamEntriesMax: flags['stream-entries-max'],
        retentionMs: flags.retention,
      })
      await startCollector(
        { host: flags['node-name'], logDir: containerPath(flags['log-dir']) },
        { store, clock: systemClock, random: systemRandom, logger, closers },
      )
    },
  },
  process.argv.slice(2),
)

function parseAddress(text: string): RedisAddress {
  if (text.startsWith('/')) return { path: text }
  const match = /^([^\s:]+):(\d+)$/.exec(text)
  if (!match)
    throw new FlagError(`--redis must be host:port or a path, not ${JSON.stringify(text)}`)
  return { host: match[1]!, port: Number(match[2]) }
}
