import type { Instruments } from '../server.ts'

/** Mistakes for the tests that prove the checkers: each is made to a running member from outside of its code. */
export type StoreBug = 'lost-write'

export function sabotage(_bug: StoreBug | undefined): { readonly instruments: Instruments } {
  return { instruments: {} }
}
