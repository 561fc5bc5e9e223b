import type { AuthStore, Identity } from './auth-store.ts'

/** How `Authenticate` names somebody, and how the name is read again from a call. */
export interface Tokens {
  /** The log must know this token too: any member may be shown it. */
  readonly isReplicated: boolean
  /** Of somebody whose password was right; `index` makes it unique. Throws when this member cannot sign. */
  issue(user: string, auth: AuthStore, index: number): string
  /** Throws for a token that is not, or no longer, good. */
  identify(token: string, auth: AuthStore): Identity
}
