import { parseTime, secrets } from '@kemu/api'
import type { Secret } from '@kemu/api'
import { timingSafeEqual } from 'node:crypto'
import type { Clock } from '@kemu/base'
import type { Lookup } from '../registry/lookup.ts'
import type { TokenAuthenticator, TokenIdentity } from './authenticator.ts'

/** The form of a bootstrap token: its id, a dot, its secret. */
const tokenPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const secretType = 'bootstrap.kubernetes.io/token'
const defaultGroup = 'system:bootstrappers'

/** Tokens of `kubeadm token create`: Secrets in kube-system, good for joining. */
export class BootstrapTokenAuthenticator implements TokenAuthenticator {
  readonly #lookup: Lookup
  readonly #clock: Clock

  constructor(lookup: Lookup, clock: Clock) {
    this.#lookup = lookup
    this.#clock = clock
  }

  async authenticateToken(token: string): Promise<TokenIdentity | undefined> {
    const match = tokenPattern.exec(token)
    if (!match) return undefined
    const [, id = '', password = ''] = match
    const secret = await this.#lookup.read(secrets, 'kube-system', `bootstrap-token-${id}`)
    if (!secret || secret.metadata.deletionTimestamp !== undefined) return undefined
    if (!this.#isGood(secret, id, password)) return undefined
    return {
      user: {
        name: `system:bootstrap:${id}`,
        uid: '',
        groups: groupsOf(secret),
        extra: {},
      },
      audiences: [],
    }
  }

  #isGood(secret: Secret, id: string, password: string): boolean {
    const expiration = field(secret, 'expiration')
    return (
      secret.type === secretType &&
      equals(field(secret, 'token-secret'), password) &&
      field(secret, 'token-id') === id &&
      field(secret, 'usage-bootstrap-authentication') === 'true' &&
      // A time that cannot be read counts as over.
      (expiration === '' || parseTime(expiration) > this.#clock.now())
    )
  }
}

function groupsOf(secret: Secret): string[] {
  const extra = field(secret, 'auth-extra-groups').split(',')
  const valid = extra.filter((group) =>
    /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/.test(group),
  )
  return [...new Set([defaultGroup, ...valid])].sort()
}

function field({ data }: Secret, name: string): string {
  return Buffer.from(data?.[name] ?? '', 'base64').toString()
}

function equals(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
