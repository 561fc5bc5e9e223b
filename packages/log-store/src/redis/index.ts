/** The store in Redis by ioredis. A door of its own: who imports it pays for the client. */
export { openRedis, openRedisOver } from './open-redis.ts'
export type { RedisAddress } from './open-redis.ts'
export { RedisLogReader } from './redis-log-reader.ts'
export { RedisLogStore } from './redis-log-store.ts'
export type { StreamLimits } from './redis-log-store.ts'
