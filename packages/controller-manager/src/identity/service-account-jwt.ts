import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

export interface LegacyClaims {
  readonly namespace: string
  readonly secretName: string
  readonly accountName: string
  readonly accountUid: string
}

const prefix = 'kubernetes.io/serviceaccount'

/** A token of a service-account-token Secret: it has no end and is good while its Secret lives (LegacyClaims). */
export function legacyToken(privateKeyPem: string, claims: LegacyClaims): string {
  const key = createPrivateKey(privateKeyPem)
  const { namespace, secretName, accountName, accountUid } = claims
  const payload = {
    iss: 'kubernetes/serviceaccount',
    [`${prefix}/namespace`]: namespace,
    [`${prefix}/secret.name`]: secretName,
    [`${prefix}/service-account.name`]: accountName,
    [`${prefix}/service-account.uid`]: accountUid,
    sub: `system:serviceaccount:${namespace}:${accountName}`,
  }
  const header = { alg: algorithmOf(key), kid: keyId(key) }
  const signed = `${base64Url(header)}.${base64Url(payload)}`
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

function algorithmOf(key: KeyObject): 'RS256' | 'ES256' {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return 'RS256'
    case 'ec':
      return 'ES256'
    default:
      throw new Error(`service account key: ${key.asymmetricKeyType} keys are not emulated`)
  }
}

/** The fingerprint of the public key, as the API server publishes it. */
function keyId(key: KeyObject): string {
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der).digest('base64url')
}

function base64Url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
