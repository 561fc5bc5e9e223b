import { systemErrors } from './system-errors.ts'
import type { StubResolver } from '../stub-resolver.ts'
import type { Surroundings } from '../surroundings.ts'

export interface AppletContext {
  readonly surroundings: Surroundings
  readonly resolver: StubResolver
}

/** The system's words for an error, as strerror(3) has them. */
export function describeSystemError(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException
  return systemErrors[code] ?? message
}
