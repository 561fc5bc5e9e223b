/** What a reconcile that did not fail asks for. */
export type Result =
  | { readonly kind: 'done' }
  /** Call again at the latest when the time is over, even if nothing changes until then. */
  | { readonly kind: 'requeueAfter'; readonly ms: number }

/** Nothing more to do until something changes. */
export const done: Result = { kind: 'done' }

export function requeueAfter(ms: number): Result {
  return { kind: 'requeueAfter', ms }
}

/**
 * Makes the world match one object's spec. It is level-triggered: it gets a key, never an event, reads what is true
 * now, and changes what differs. Called twice it changes nothing the second time; killed in the middle, the next call
 * goes on from whatever stands then. Never called twice at once for one key.
 *
 * It answers with a Result, or throws: a TerminalError is reported and the key rests until it changes; any other error
 * is retried after a pause that doubles with each failure in a row (5 ms up to 1,000 s, as upstream's rate limiter).
 */
export type Reconcile = (key: string) => Promise<Result>

/** An error that no retry can mend: the object itself has to change first. */
export class TerminalError extends Error {
  override name = 'TerminalError'
}
