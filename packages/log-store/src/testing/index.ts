/** For tests: the store in memory, a Redis of one's own, and the suite that every store has to pass. */
export { MemoryLogStore } from './memory-log-store.ts'
export { redisServer, startRedis } from './redis-process.ts'
export type { RedisProcess } from './redis-process.ts'
