import type { Clock, Random } from '@kemu/base'
import { etcdError } from '../errors.ts'
import type { ServerCall } from '../grpc/call.ts'
import type { AuthStore, Identity } from './auth-store.ts'
import { nobodyKnown } from './auth-store.ts'
import { isPassword } from './password.ts'

export interface AuthenticatorDeps {
  readonly clock: Clock
  readonly random: Random
  readonly auth: () => AuthStore
  /** A verified client certificate stands for the user of its common name. */
  readonly trustsCertificates: boolean
}

/** etcd: simpleTokenTTLDefault. */
const tokenTtlMs = 300_000
const tokenLetters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const tokenLength = 16

/** Who makes a call: by the token in its metadata, or by certificate. */
export class Authenticator {
  readonly #deps: AuthenticatorDeps
  /** When each token was last seen here: unused ones end after their time. */
  readonly #seenAtMs = new Map<string, number>()

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps
  }

  /** Throws for a token that is not known. */
  identify(call: ServerCall): Identity {
    const auth = this.#deps.auth()
    if (!auth.isEnabled) return nobodyKnown
    const token = call.headers['token'] ?? call.headers['authorization']
    if (token !== undefined) {
      return { user: this.#userOf(auth, token), authRevision: auth.revision }
    }
    const { commonName } = call.peer
    if (!this.#deps.trustsCertificates || commonName === undefined) return nobodyKnown
    return { user: commonName, authRevision: auth.revision }
  }

  /** Throws when name and password do not fit. */
  async checkPassword(name: string, password: string): Promise<void> {
    const auth = this.#deps.auth()
    if (!auth.isEnabled) throw etcdError('authNotEnabled')
    const stored = auth.passwordOf(name)
    if (stored === undefined || !(await isPassword(password, stored))) throw etcdError('authFailed')
  }

  newToken(index: number): string {
    const { random } = this.#deps
    const letters = Array.from(
      { length: tokenLength },
      () => tokenLetters[random.int(tokenLetters.length)],
    )
    return `${letters.join('')}.${index}`
  }

  #userOf(auth: AuthStore, token: string): string {
    const now = this.#deps.clock.monotonicMs()
    const user = auth.userOfToken(token)
    const isOver = now - (this.#seenAtMs.get(token) ?? now) > tokenTtlMs
    if (user === undefined || isOver) {
      this.#seenAtMs.delete(token)
      auth.forgetToken(token)
      throw etcdError('invalidAuthToken')
    }
    this.#seenAtMs.set(token, now)
    return user
  }
}
