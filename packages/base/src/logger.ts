import { pino } from 'pino'
import type { DestinationStream } from 'pino'

export type LogFields = Record<string, unknown>

/** A constant message with key/value fields. Return errors upward; one place logs them. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  child(fields: LogFields): Logger
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/**
 * A pino logger that writes JSON lines to standard output, synchronously: whoever started the process owns the
 * file, and the last line before a crash is there.
 */
export function createLogger(
  component: string,
  level: LogLevel = 'info',
  stream?: DestinationStream,
): Logger {
  const root = pino(
    {
      level,
      base: { component },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream ?? pino.destination({ dest: 1, sync: true }),
  )
  return wrap(root)
}

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}

function wrap(target: pino.Logger): Logger {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields?: LogFields): void =>
      fields ? target[level](plain(fields), message) : target[level](message)
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => wrap(target.child(fields)),
  }
}

/** Errors inside fields are written as their message and stack. */
function plain(fields: LogFields): LogFields {
  const entries = Object.entries(fields).map(([key, value]) =>
    value instanceof Error ? [key, describeError(value)] : [key, value],
  )
  return Object.fromEntries(entries)
}

function describeError(error: Error): LogFields {
  return {
    message: error.message,
    stack: error.stack,
    ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
  }
}
