import { createPublicKey } from 'node:crypto'
import { explicit, integer, oid, pem, sequence, set } from './der.ts'
import { subjectAlternativeNames } from './extension.ts'
import { generateKeys } from './keys.ts'
import { Signer } from './signature.ts'
import { subjectName } from './subject.ts'
import type { Subject } from './subject.ts'

/** A signed request (PKCS#10) and the key it was made for, both PEM. */
export interface RequestWithKey {
  readonly request: string
  readonly privateKey: string
}

export interface RequestTemplate extends Subject {
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
}

/** What a request asks for, read and with its signature checked. */
export interface ParsedRequest {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  /** E-mail addresses and URIs; no signer of Kubernetes allows them for nodes. */
  readonly otherNames: readonly string[]
  /** PEM. */
  readonly publicKey: string
  readonly signatureValid: boolean
}

/** A new key, or the given one, and a request for a certificate for it. */
export async function createRequest(
  template: RequestTemplate,
  privateKey?: string,
): Promise<RequestWithKey> {
  const key = privateKey ?? (await generateKeys()).privateKey
  const extensions = subjectAlternativeNames(template)
  const requested = sequence(oid(extensionRequest), set(sequence(...extensions)))
  const signer = new Signer(key)
  const request = signer.signed(
    sequence(
      integer(Buffer.from([0])),
      subjectName(template),
      createPublicKey(key).export({ type: 'spki', format: 'der' }),
      explicit(0, ...(extensions.length > 0 ? [requested] : [])),
    ),
  )
  return { request: pem('CERTIFICATE REQUEST', request), privateKey: key }
}

/** PKCS#9's attribute that carries extensions (RFC 2985, 5.4.2). */
const extensionRequest = '1.2.840.113549.1.9.14'
const subjectAlternativeName = '2.5.29.17'

/** Reads a request of any maker (PEM). Throws when it is none. */
export async function parseRequest(text: string): Promise<ParsedRequest> {
  const x509 = await import('./x509.ts')
  const request = new x509.Pkcs10CertificateRequest(text)
  const extension = request.getExtension(subjectAlternativeName)
  const names = extension
    ? new x509.SubjectAlternativeNameExtension(extension.rawData).names.items
    : []
  const ofType = (type: string): string[] =>
    names.filter((n) => n.type === type).map((n) => n.value)
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: ofType('dns'),
    ipAddresses: ofType('ip'),
    otherNames: names.filter((n) => n.type !== 'dns' && n.type !== 'ip').map((n) => n.value),
    publicKey: request.publicKey.toString('pem'),
    signatureValid: await request.verify(),
  }
}
