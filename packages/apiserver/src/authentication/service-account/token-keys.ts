import { createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** A key of service account tokens as JSON Web Signatures name it. */
export interface TokenKey {
  readonly key: KeyObject
  readonly publicKey: KeyObject
  /** The SHA-256 of the public key (serviceaccount.keyIDFromPublicKey). */
  readonly keyId: string
  readonly algorithm: 'RS256' | 'ES256' | 'ES384' | 'ES512'
}

/** A PEM file may hold a private key, or one public key or several. */
export function readVerifyingKeys(pem: string): TokenKey[] {
  const blocks = pem.match(/-----BEGIN [^-]+-----[\s\S]*?-----END [^-]+-----/g) ?? []
  return blocks.map((block) => describe(createPublicKey(block)))
}

export function readSigningKey(pem: string): TokenKey {
  return describe(createPrivateKey(pem))
}

function describe(key: KeyObject): TokenKey {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const der = publicKey.export({ type: 'spki', format: 'der' })
  const keyId = createHash('sha256').update(der).digest('base64url')
  return { key, publicKey, keyId, algorithm: algorithmOf(publicKey) }
}

function algorithmOf({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): TokenKey['algorithm'] {
  if (asymmetricKeyType === 'rsa') return 'RS256'
  switch (asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return 'ES256'
    case 'secp384r1':
      return 'ES384'
    case 'secp521r1':
      return 'ES512'
    default:
      throw new Error(
        `unsupported key of service account tokens: ${asymmetricKeyType ?? 'unknown'}`,
      )
  }
}
