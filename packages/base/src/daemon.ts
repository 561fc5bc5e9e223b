import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { describeFlags, FlagError, parseFlags } from './flags.ts'
import type { Flags, FlagSpecs } from './flags.ts'
import { Closers } from './lifecycle.ts'
import { createLogger } from './logger.ts'
import type { Logger, LogLevel } from './logger.ts'

export interface DaemonContext<Specs extends FlagSpecs> {
  readonly flags: Flags<Specs>
  readonly logger: Logger
  /** Closed in reverse order when the process is asked to end. */
  readonly closers: Closers
}

export interface Daemon<Specs extends FlagSpecs> {
  /** The component's name in logs and in its usage text. */
  readonly name: string
  readonly summary: string
  readonly flags: Specs
  start(context: DaemonContext<Specs>): Promise<void>
}

/** Flags of every daemon. */
const commonFlags = {
  'log-level': { type: 'string', default: 'info', help: 'debug, info, warn or error' },
} as const satisfies FlagSpecs

/**
 * Runs a component as a process: flags, log, start, and an orderly end on SIGTERM or SIGINT. A second signal, or the
 * loss of the lifeline, ends it at once. Exit codes: 0 asked to end, 1 failed, 2 wrong flags.
 */
export async function runDaemon<Specs extends FlagSpecs>(
  daemon: Daemon<Specs>,
  args: string[],
): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${daemon.summary}\n\nUsage:\n  kemu ${daemon.name} [flags]\n\nFlags:\n`)
    process.stdout.write(`${describeFlags({ ...daemon.flags, ...commonFlags })}\n`)
    return
  }
  const flags = readFlags(daemon, args)
  const logger = createLogger(daemon.name, flags['log-level'] as LogLevel)
  const closers = new Closers()
  const end = endOnce(closers, logger)
  process.on('uncaughtException', (error) => fail(logger, 'Uncaught exception', error))
  process.on('unhandledRejection', (reason) => fail(logger, 'Unhandled rejection', reason))
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  holdLifeline(process.env['KEMU_LIFELINE'])
  try {
    await daemon.start({ flags: flags, logger, closers })
  } catch (error) {
    fail(logger, 'Failed to start', error)
  }
}

function readFlags<Specs extends FlagSpecs>(
  daemon: Daemon<Specs>,
  args: string[],
): Flags<Specs & typeof commonFlags> {
  try {
    return parseFlags({ ...daemon.flags, ...commonFlags }, args, process.env)
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    process.stderr.write(
      `Error: ${error.message}\nRun 'kemu ${daemon.name} --help' for the flags.\n`,
    )
    process.exit(2)
  }
}

function endOnce(closers: Closers, logger: Logger): (signal: NodeJS.Signals) => void {
  let ending = false
  return (signal) => {
    if (ending) process.exit(1)
    ending = true
    logger.info('Shutting down', { signal })
    closers.close().then(
      () => process.exit(0),
      (error: unknown) => fail(logger, 'Shutdown failed', error),
    )
  }
}

function fail(logger: Logger, message: string, reason: unknown): never {
  logger.error(message, { err: reason instanceof Error ? reason : new Error(String(reason)) })
  process.exit(1)
}

/**
 * A process must not outlive its host. The supervisor keeps the writing end of a FIFO open; when the supervisor is
 * gone, however it went, every reader sees the end of file.
 */
function holdLifeline(path: string | undefined): void {
  if (!path) return
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const lifeline = new Socket({ fd, readable: true, writable: false })
  lifeline.on('close', () => process.exit(137))
  lifeline.on('error', () => process.exit(137))
  lifeline.resume()
  lifeline.unref()
}
