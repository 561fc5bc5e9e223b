import type { Database } from './database.ts'
import type { Reply } from './reply.ts'

/** What a command may look at. */
export interface CommandContext {
  readonly database: Database
  readonly version: string
  readonly startedAtMs: number
}

export interface Command {
  /** Words with the name; negative: at least so many. */
  readonly arity: number
  /** `args` are the words after the name; their number is checked. */
  run(context: CommandContext, args: readonly string[]): Reply
}

export class SyntaxError extends Error {
  override name = 'SyntaxError'

  constructor() {
    super('ERR syntax error')
  }
}

export class NotAnInteger extends Error {
  override name = 'NotAnInteger'

  constructor() {
    super('ERR value is not an integer or out of range')
  }
}

export function parseInteger(text: string): number {
  const value = Number(text)
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) throw new NotAnInteger()
  return value
}
