import { createPublicKey, verify } from 'node:crypto'
import type { DerElement } from './der.ts'
import { childrenOf, DerError, derTags, readDer } from './der.ts'

/**
 * By the hexadecimal of the algorithm's object identifier: its digest for node:crypto, and Go's word for a wrong
 * signature.
 */
const algorithms: Readonly<Record<string, readonly [digest: string | null, failure: string]>> = {
  '2a864886f70d010105': ['sha1', 'crypto/rsa: verification error'],
  '2a864886f70d01010b': ['sha256', 'crypto/rsa: verification error'],
  '2a864886f70d01010c': ['sha384', 'crypto/rsa: verification error'],
  '2a864886f70d01010d': ['sha512', 'crypto/rsa: verification error'],
  '2a8648ce3d040302': ['sha256', 'x509: ECDSA verification failure'],
  '2a8648ce3d040303': ['sha384', 'x509: ECDSA verification failure'],
  '2a8648ce3d040304': ['sha512', 'x509: ECDSA verification failure'],
  '2b6570': [null, 'x509: Ed25519 verification failure'],
}

/** What is wrong with a certificate request (RFC 2986): its structure, or that its own key did not sign it. */
export function signedRequestComplaint(der: Buffer): string | undefined {
  try {
    return signatureComplaint(der)
  } catch (error) {
    if (error instanceof DerError) return error.message
    throw error
  }
}

function signatureComplaint(der: Buffer): string | undefined {
  const request = readDer(der, 'certificateRequest')
  if (request.whole.length < der.length) return 'asn1: syntax error: trailing data'
  const [info, algorithm, signature] = childrenOf(request)
  const key = info && childrenOf(info)[2]
  if (!key || !algorithm || signature?.tag !== derTags.bitString)
    throw new DerError('asn1: syntax error: sequence truncated')
  const known = algorithms[childrenOf(algorithm)[0]?.content.toString('hex') ?? '']
  if (!known) return 'x509: cannot verify signature: algorithm unimplemented'
  const [digest, failure] = known
  return isSigned(info, key, signature, digest) ? undefined : failure
}

function isSigned(
  info: DerElement,
  key: DerElement,
  signature: DerElement,
  digest: string | null,
): boolean {
  try {
    const publicKey = createPublicKey({ key: key.whole, format: 'der', type: 'spki' })
    // The first byte of a bit string counts its unused bits.
    return verify(digest, info.whole, publicKey, signature.content.subarray(1))
  } catch {
    // A key that cannot be read signed nothing.
    return false
  }
}
