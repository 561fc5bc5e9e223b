import type { Clock, FlagSpecs } from '@kemu/base'
import type { StubResolver } from '../stub-resolver.ts'
import type { Surroundings } from '../surroundings.ts'

export interface AgnhostContext {
  readonly clock: Clock
  readonly surroundings: Surroundings
  readonly resolver: StubResolver
}

/** One subcommand. It resolves with the exit code, or never when it serves. */
export interface AgnhostCommand {
  readonly flags: FlagSpecs
  /** Words after the flags: how many there may be. */
  readonly wordsMax: number
  run(
    flags: Readonly<Record<string, unknown>>,
    words: readonly string[],
    context: AgnhostContext,
  ): Promise<number>
}

/** For commands that serve until a signal ends the process. */
export const forever = (): Promise<number> => new Promise(() => undefined)
