import type { Node, Pod, Secret, ServiceAccount } from '@kemu/api'

interface ObjectClaim {
  readonly name: string
  readonly uid?: string
}

/** The claims of a service account token under `kubernetes.io` (serviceaccount/claims.go). */
export interface KubernetesClaims {
  readonly namespace: string
  readonly serviceaccount: ObjectClaim
  readonly pod?: ObjectClaim
  readonly secret?: ObjectClaim
  readonly node?: ObjectClaim
  readonly warnafter?: number
}

export interface TokenClaims {
  readonly aud: string[]
  readonly exp: number
  readonly iat: number
  readonly iss: string
  readonly jti: string
  readonly nbf: number
  readonly sub: string
  readonly 'kubernetes.io': KubernetesClaims
  readonly [claim: string]: unknown
}

/** What a token is bound to: it dies with that object. */
export interface TokenBinding {
  readonly pod?: Pod
  readonly secret?: Secret
  /** Of a pod-bound token where the pod runs; a name alone when that node is unknown. */
  readonly node?: Pick<Node['metadata'], 'name'> & { readonly uid?: string }
}

export interface ClaimsRequest {
  readonly account: ServiceAccount
  readonly binding: TokenBinding
  readonly audiences: readonly string[]
  readonly issuer: string
  readonly jti: string
  readonly nowSeconds: number
  readonly lifetimeSeconds: number
  readonly warnAfterSeconds: number | undefined
}

export function makeClaims(request: ClaimsRequest): TokenClaims {
  const { account, binding, nowSeconds, warnAfterSeconds } = request
  const { namespace = '', name, uid } = account.metadata
  return {
    aud: [...request.audiences],
    exp: nowSeconds + request.lifetimeSeconds,
    iat: nowSeconds,
    iss: request.issuer,
    jti: request.jti,
    'kubernetes.io': {
      namespace,
      ...(binding.node && { node: binding.node }),
      ...(binding.pod && { pod: claimOf(binding.pod) }),
      ...(binding.secret && { secret: claimOf(binding.secret) }),
      serviceaccount: { name, uid },
      ...(warnAfterSeconds !== undefined && { warnafter: nowSeconds + warnAfterSeconds }),
    },
    nbf: nowSeconds,
    sub: `system:serviceaccount:${namespace}:${name}`,
  }
}

function claimOf({ metadata }: Pod | Secret): ObjectClaim {
  return { name: metadata.name, uid: metadata.uid }
}
