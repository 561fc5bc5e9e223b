import type { TokenClaims } from './claims.ts'
import type { TokenKey } from './token-keys.ts'

/** Signs service account tokens. The JWT library is loaded with the first one. */
export class TokenIssuer {
  readonly issuer: string
  readonly #key: TokenKey

  constructor(issuer: string, key: TokenKey) {
    this.issuer = issuer
    this.#key = key
  }

  async sign(claims: TokenClaims): Promise<string> {
    const { SignJWT } = await import('jose')
    const { key, keyId, algorithm } = this.#key
    return new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid: keyId }).sign(key)
  }
}
