/** The memory version of the transport seam, for tests. */
export { MemoryTransport } from './memory-transport.ts'
export type { WriteHook } from './memory-transport.ts'
