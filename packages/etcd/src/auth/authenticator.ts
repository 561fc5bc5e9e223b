import { etcdError } from '../errors.ts'
import type { ServerCall } from '../grpc/call.ts'
import { code, GrpcError } from '../grpc/status.ts'
import type { AuthStore, Identity } from './auth-store.ts'
import { nobodyKnown } from './auth-store.ts'
import { isPassword } from './password.ts'
import type { Tokens } from './tokens.ts'

export interface AuthenticatorDeps {
  readonly auth: () => AuthStore
  readonly tokens: Tokens
  /** A verified client certificate stands for the user of its common name. */
  readonly trustsCertificates: boolean
}

/** Who makes a call: by the token in its metadata, or by certificate. */
export class Authenticator {
  readonly #deps: AuthenticatorDeps

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps
  }

  /** Throws for a token that is not known. */
  identify(call: ServerCall): Identity {
    const auth = this.#deps.auth()
    if (!auth.isEnabled) return nobodyKnown
    const token = call.headers['token'] ?? call.headers['authorization']
    if (token !== undefined) return this.#deps.tokens.identify(token, auth)
    const { commonName } = call.peer
    if (!this.#deps.trustsCertificates || commonName === undefined) return nobodyKnown
    return { user: commonName, authRevision: auth.revision }
  }

  /** A token for who knows the password; throws when name and password do not fit. */
  async issue(name: string, password: string, index: number): Promise<IssuedToken> {
    const auth = this.#deps.auth()
    if (!auth.isEnabled) throw etcdError('authNotEnabled')
    if (auth.hasNoPassword(name)) throw noPasswordUser()
    const stored = auth.passwordOf(name)
    if (stored === undefined || !(await isPassword(password, stored))) throw etcdError('authFailed')
    const { tokens } = this.#deps
    return { token: tokens.issue(name, auth, index), isReplicated: tokens.isReplicated }
  }
}

/** One of the errors that etcd passes on as its library made them. */
function noPasswordUser(): GrpcError {
  const text = 'auth: authentication failed, password was given for no password user'
  return new GrpcError(code.UNKNOWN, text)
}

export interface IssuedToken {
  readonly token: string
  readonly isReplicated: boolean
}
