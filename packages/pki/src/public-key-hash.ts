import { createHash, X509Certificate } from 'node:crypto'

/** `sha256:<hex>` of an authority's public key: what --discovery-token-ca-cert-hash pins (RFC 7469 form). */
export function publicKeyHash(certificate: string): string {
  const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`
}
