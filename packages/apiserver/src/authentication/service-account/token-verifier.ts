import { nodes, parseTime, pods, secrets, serviceAccounts } from '@kemu/api'
import type { KubeObject, ResourceType } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type { Lookup } from '../../registry/lookup.ts'
import type { TokenAuthenticator, TokenIdentity } from '../authenticator.ts'
import type { KubernetesClaims, TokenClaims } from './claims.ts'
import type { TokenKey } from './token-keys.ts'

export interface VerifierDeps {
  readonly lookup: Lookup
  readonly clock: Clock
  readonly keys: readonly TokenKey[]
  readonly issuers: readonly string[]
}

/** A token outlives the deletion of what it is bound to by this (jwt.DefaultLeeway). */
const leewayMs = 60_000

/**
 * Knows callers by signed tokens of service accounts, as long as the account and what the token is
 * bound to are there.
 */
export class ServiceAccountTokenVerifier implements TokenAuthenticator {
  readonly #deps: VerifierDeps

  constructor(deps: VerifierDeps) {
    this.#deps = deps
  }

  async authenticateToken(
    token: string,
    audiences: readonly string[],
  ): Promise<TokenIdentity | undefined> {
    const claims = await this.#verify(token)
    if (!claims) return undefined
    const shared = audiences.filter((audience) => claims.aud.includes(audience))
    if (shared.length === 0) return undefined
    if (!(await this.#isBound(claims['kubernetes.io']))) return undefined
    return { user: userOf(claims), audiences: shared }
  }

  /** Undefined for what nobody of ours signed, or not for now. */
  async #verify(token: string): Promise<TokenClaims | undefined> {
    if (token.split('.').length !== 3) return undefined
    const { jwtVerify, decodeProtectedHeader } = await import('jose')
    const { keys, issuers, clock } = this.#deps
    try {
      const { kid } = decodeProtectedHeader(token)
      const candidates = keys.filter(({ keyId }) => kid === undefined || kid === keyId)
      for (const { publicKey, algorithm } of candidates) {
        const verified = await jwtVerify<TokenClaims>(token, publicKey, {
          algorithms: [algorithm],
          issuer: [...issuers],
          clockTolerance: leewayMs / 1000,
          currentDate: new Date(clock.now()),
        }).catch(() => undefined)
        if (verified) return verified.payload
      }
    } catch {
      // No JSON Web Token at all.
    }
    return undefined
  }

  async #isBound(claims: KubernetesClaims): Promise<boolean> {
    const { namespace, serviceaccount, pod, secret, node } = claims
    const checks = [this.#lives(serviceAccounts, namespace, serviceaccount)]
    if (pod) checks.push(this.#lives(pods, namespace, pod))
    if (secret) checks.push(this.#lives(secrets, namespace, secret))
    // The node of a pod-bound token only informs.
    if (node && !pod) checks.push(this.#lives(nodes, '', node))
    return (await Promise.all(checks)).every((alive) => alive)
  }

  async #lives(
    type: ResourceType,
    namespace: string,
    { name, uid }: { name: string; uid?: string },
  ): Promise<boolean> {
    const found: KubeObject | undefined = await this.#deps.lookup.find(type, namespace, name)
    if (!found || found.metadata.uid !== uid) return false
    const { deletionTimestamp } = found.metadata
    if (deletionTimestamp === undefined) return true
    return parseTime(deletionTimestamp) >= this.#deps.clock.now() - leewayMs
  }
}

function userOf(claims: TokenClaims): TokenIdentity['user'] {
  const { namespace, serviceaccount, pod, node } = claims['kubernetes.io']
  const prefix = 'authentication.kubernetes.io/'
  return {
    name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid ?? '',
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra: {
      [`${prefix}credential-id`]: [`JTI=${claims.jti}`],
      ...(pod && {
        [`${prefix}pod-name`]: [pod.name],
        [`${prefix}pod-uid`]: [pod.uid ?? ''],
      }),
      ...(node && { [`${prefix}node-name`]: [node.name] }),
      ...(node?.uid !== undefined && { [`${prefix}node-uid`]: [node.uid] }),
    },
  }
}
