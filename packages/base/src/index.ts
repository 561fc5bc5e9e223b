/**
 * What every component stands on: time, chance, names, logs, metrics, flags and the life of a process. Imports
 * nothing of kemu. Only this package touches `Date.now`, timers and `Math.random`.
 */
export { assert, AssertionError, unreachable } from './assert.ts'
export { Backoff } from './backoff.ts'
export type { BackoffConfig } from './backoff.ts'
export { sleep, systemClock } from './clock.ts'
export type { Clock, Timer } from './clock.ts'
export { containerPath } from './container-path.ts'
export { runDaemon } from './daemon.ts'
export type { Daemon, DaemonContext } from './daemon.ts'
export { formatDuration, parseDuration } from './duration.ts'
export { describeFlags, FlagError, parseFlags } from './flags.ts'
export type { Flags, FlagSpec, FlagSpecs, FlagType } from './flags.ts'
export { hostsFileResolver, parseHosts, processResolver, systemResolver } from './hosts-file.ts'
export type { ResolveName } from './hosts-file.ts'
export { nameSuffix, uuid } from './ids.ts'
export { Closers } from './lifecycle.ts'
export type { Close } from './lifecycle.ts'
export { createLogger, silentLogger } from './logger.ts'
export type { LogFields, Logger, LogLevel } from './logger.ts'
export {
  Counter,
  Gauge,
  Histogram,
  MetricsRegistry,
  openFiles,
  openFilesMax,
  registerProcessMetrics,
} from './metrics.ts'
export { componentCommand, componentNodeFlags, thisProgram } from './program.ts'
export type { Program } from './program.ts'
export { seededRandom, systemRandom } from './random.ts'
export type { Random } from './random.ts'
