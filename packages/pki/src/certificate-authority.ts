import { createPublicKey, X509Certificate } from 'node:crypto'
import { systemRandom } from '@kemu/base'
import type { Random } from '@kemu/base'
import { children, explicit, integer, pem, sequence, time } from './der.ts'
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
  subjectAlternativeNames,
  subjectKeyIdentifier,
} from './extension.ts'
import { generateKeys } from './keys.ts'
import { Signer } from './signature.ts'
import { subjectName } from './subject.ts'
import type { Subject } from './subject.ts'

export type ExtendedUsage = 'client auth' | 'server auth'

/** What a certificate shall say. */
export interface CertificateTemplate extends Subject {
  readonly usages: readonly ExtendedUsage[]
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** A certificate with its private key, both PEM. */
export interface Identity {
  readonly certificate: string
  readonly privateKey: string
}

const dayMs = 24 * 3_600_000
/** kubeadm's lifetimes: ten years for authorities, one for what they sign. */
export const authorityLifetimeMs = 3650 * dayMs
export const certificateLifetimeMs = 365 * dayMs

const usageOids: Record<ExtendedUsage, string> = {
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
}

/** An authority that signs certificates: the cluster's CA, etcd's, or the front proxy's. */
export class CertificateAuthority {
  readonly certificate: string
  readonly privateKey: string
  readonly #random: Random
  #signer: Signer | undefined

  constructor(identity: Identity, random: Random = systemRandom) {
    this.certificate = identity.certificate
    this.privateKey = identity.privateKey
    this.#random = random
  }

  /** A new self-signed authority. Its certificate is dated back an hour: hosts' clocks differ. */
  static async create(
    commonName: string,
    nowMs: number,
    random: Random = systemRandom,
  ): Promise<CertificateAuthority> {
    const { privateKey, publicKey } = await generateKeys()
    const name = subjectName({ commonName })
    const publicKeyInfo = spki(publicKey)
    const certificate = signedCertificate(new Signer(privateKey), {
      serial: serialNumber(random),
      issuer: name,
      subject: name,
      notBeforeMs: nowMs - 3_600_000,
      notAfterMs: nowMs + authorityLifetimeMs,
      publicKeyInfo,
      extensions: [
        basicConstraints(true),
        keyUsage('digitalSignature', 'keyEncipherment', 'keyCertSign'),
        subjectKeyIdentifier(publicKeyInfo),
        ...subjectAlternativeNames({ dnsNames: [commonName] }),
      ],
    })
    return new CertificateAuthority({ certificate, privateKey }, random)
  }

  /** Signs a certificate for somebody's public key (PEM). */
  sign(template: CertificateTemplate, publicKey: string): string {
    const own = new X509Certificate(this.certificate)
    this.#signer ??= new Signer(this.privateKey)
    return signedCertificate(this.#signer, {
      serial: serialNumber(this.#random),
      issuer: subjectOf(own),
      subject: subjectName(template),
      notBeforeMs: template.notBeforeMs,
      notAfterMs: Math.min(template.notAfterMs, Date.parse(own.validTo)),
      publicKeyInfo: spki(publicKey),
      extensions: [
        keyUsage('digitalSignature', 'keyEncipherment'),
        extendedKeyUsage(template.usages.map((usage) => usageOids[usage])),
        basicConstraints(false),
        authorityKeyIdentifier(own.publicKey.export({ type: 'spki', format: 'der' })),
        ...subjectAlternativeNames(template),
      ],
    })
  }

  /** A new key and a certificate for it. */
  async issue(template: CertificateTemplate): Promise<Identity> {
    const { privateKey, publicKey } = await generateKeys()
    return { certificate: this.sign(template, publicKey), privateKey }
  }

  /** True when this authority signed the certificate. */
  signed(certificate: string): boolean {
    return new X509Certificate(certificate).verify(new X509Certificate(this.certificate).publicKey)
  }
}

interface CertificateFields {
  readonly serial: Buffer
  /** Distinguished names, DER. */
  readonly issuer: Buffer
  readonly subject: Buffer
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** DER. */
  readonly publicKeyInfo: Buffer
  readonly extensions: readonly Buffer[]
}

const version3 = explicit(0, integer(Buffer.from([2])))

/** A certificate of version 3 (RFC 5280, 4.1), PEM. */
function signedCertificate(signer: Signer, fields: CertificateFields): string {
  const tbsCertificate = sequence(
    version3,
    integer(fields.serial),
    signer.algorithm,
    fields.issuer,
    sequence(time(fields.notBeforeMs), time(fields.notAfterMs)),
    fields.subject,
    fields.publicKeyInfo,
    explicit(3, sequence(...fields.extensions)),
  )
  return pem('CERTIFICATE', signer.signed(tbsCertificate))
}

/** The name as it stands in the certificate: verifiers compare the bytes. */
function subjectOf(certificate: X509Certificate): Buffer {
  const [tbsCertificate] = children(certificate.raw)
  const fields = children(tbsCertificate!)
  // Version 1 has no field for it.
  return fields[fields[0]![0] === version3[0] ? 5 : 4]!
}

function spki(publicKey: string): Buffer {
  return createPublicKey(publicKey).export({ type: 'spki', format: 'der' })
}

/** 64 random bits, positive. */
function serialNumber(random: Random): Buffer {
  const bytes = random.bytes(8)
  bytes[0]! &= 0x7f
  return bytes
}
