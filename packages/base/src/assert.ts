/** A broken invariant of our own code. Nothing catches it: the process ends and its supervisor starts it again. */
export class AssertionError extends Error {
  override name = 'AssertionError'
}

/** Ends the process's work when an invariant does not hold. Never used on input from outside. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** The last branch of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`)
}
