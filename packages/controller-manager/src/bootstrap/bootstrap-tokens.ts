import { parseTime } from '@kemu/api'
import type { Secret } from '@kemu/api'

/** Secrets of this type in kube-system are bootstrap tokens. */
export const bootstrapTokenType = 'bootstrap.kubernetes.io/token'
const namePrefix = 'bootstrap-token-'

export interface BootstrapToken {
  readonly id: string
  readonly secret: string
  /** Milliseconds since 1970; undefined: never ends; NaN: cannot be read, so it counts as ended. */
  readonly expiresAtMs: number | undefined
  readonly usableForSigning: boolean
}

/** The token in a secret; undefined when the secret is none, or not as a token must be. */
export function bootstrapTokenOf(secret: Secret): BootstrapToken | undefined {
  if (secret.type !== bootstrapTokenType) return undefined
  const id = field(secret, 'token-id')
  const token = field(secret, 'token-secret')
  if (!/^[a-z0-9]{6}$/.test(id) || !/^[a-z0-9]{16}$/.test(token)) return undefined
  if (secret.metadata.name !== `${namePrefix}${id}`) return undefined
  const expiration = field(secret, 'expiration')
  return {
    id,
    secret: token,
    expiresAtMs: expiration === '' ? undefined : parseTime(expiration),
    usableForSigning: field(secret, 'usage-bootstrap-signing') === 'true',
  }
}

function field({ data }: Secret, name: string): string {
  return Buffer.from(data?.[name] ?? '', 'base64').toString()
}
