import type { Clock } from '@kemu/base'
import type { Caller } from '../request/api-request.ts'
import type { UserInfo } from '../request/user-info.ts'
import { bearerToken, unauthorized } from './authenticator.ts'
import type { Authenticator, TokenAuthenticator, TokenIdentity } from './authenticator.ts'

interface Remembered {
  readonly identity: Promise<TokenIdentity | undefined>
  readonly untilMs: number
}

/**
 * Good tokens are believed this long without another look
 * (--authentication-token-webhook-cache-ttl's neighbour, 10 s).
 */
const cacheMs = 10_000
const cacheSize = 4_096

/** Knows callers by bearer tokens of several kinds; a token that none of them knows is refused. */
export class BearerTokenAuthenticator implements Authenticator {
  readonly #authenticators: readonly TokenAuthenticator[]
  readonly #audiences: readonly string[]
  readonly #clock: Clock
  readonly #remembered = new Map<string, Remembered>()

  constructor(
    authenticators: readonly TokenAuthenticator[],
    audiences: readonly string[],
    clock: Clock,
  ) {
    this.#authenticators = authenticators
    this.#audiences = audiences
    this.#clock = clock
  }

  async authenticate(caller: Caller): Promise<UserInfo | undefined> {
    const token = bearerToken(caller)
    if (token === undefined) return undefined
    const identity = await this.#recall(token)
    if (!identity) throw unauthorized()
    return identity.user
  }

  /** Undefined for an unknown token. */
  async review(token: string, audiences: readonly string[]): Promise<TokenIdentity | undefined> {
    for (const authenticator of this.#authenticators) {
      const identity = await authenticator.authenticateToken(token, audiences)
      if (identity) return identity
    }
    return undefined
  }

  get audiences(): readonly string[] {
    return this.#audiences
  }

  #recall(token: string): Promise<TokenIdentity | undefined> {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#remembered.get(token)
    if (known && known.untilMs > nowMs) return known.identity
    this.#remembered.delete(token)
    const identity = this.review(token, this.#audiences)
    if (this.#remembered.size >= cacheSize) this.#forgetOldest()
    this.#remembered.set(token, { identity, untilMs: nowMs + cacheMs })
    // What was refused may be good in a moment: a bootstrap token's Secret comes late.
    identity.then(
      (found) => found || this.#remembered.delete(token),
      () => this.#remembered.delete(token),
    )
    return identity
  }

  #forgetOldest(): void {
    const [oldest] = this.#remembered.keys()
    if (oldest !== undefined) this.#remembered.delete(oldest)
  }
}
