import type { Clock, Random } from '@kemu/base'
import { etcdError } from '../errors.ts'
import type { AuthStore, Identity } from './auth-store.ts'
import type { Tokens } from './tokens.ts'

export interface SimpleTokensDeps {
  readonly clock: Clock
  readonly random: Random
  /** An unused token ends after this. */
  readonly ttlMs: number
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const length = 16

/** Random words that every member keeps in mind, and forgets when it starts again. */
export class SimpleTokens implements Tokens {
  readonly isReplicated = true
  readonly #deps: SimpleTokensDeps
  /** When each token was last seen here. */
  readonly #seenAtMs = new Map<string, number>()

  constructor(deps: SimpleTokensDeps) {
    this.#deps = deps
  }

  issue(_user: string, _auth: AuthStore, index: number): string {
    const { random } = this.#deps
    const word = Array.from({ length }, () => letters[random.int(letters.length)])
    return `${word.join('')}.${index}`
  }

  identify(token: string, auth: AuthStore): Identity {
    const now = this.#deps.clock.monotonicMs()
    const user = auth.userOfToken(token)
    const isOver = now - (this.#seenAtMs.get(token) ?? now) > this.#deps.ttlMs
    if (user === undefined || isOver) {
      this.#seenAtMs.delete(token)
      auth.forgetToken(token)
      throw etcdError('invalidAuthToken')
    }
    this.#seenAtMs.set(token, now)
    return { user, authRevision: auth.revision }
  }
}
