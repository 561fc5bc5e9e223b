import { X509Certificate } from 'node:crypto'
import { systemRandom } from '@kemu/base'
import type { Random } from '@kemu/base'
import { generateKeys, importPrivateKey } from './keys.ts'
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
    const x509 = await import('./x509.ts')
    const { privateKey, publicKey } = await generateKeys()
    const signingKey = await importPrivateKey(privateKey)
    const name = subjectName(x509, { commonName, organizations: [] })
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(random),
      subject: name,
      issuer: name,
      notBefore: new Date(nowMs - 3_600_000),
      notAfter: new Date(nowMs + authorityLifetimeMs),
      signingAlgorithm: x509.signingAlgorithm,
      publicKey: new x509.PublicKey(publicKey),
      signingKey: signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.digitalSignature |
            x509.KeyUsageFlags.keyEncipherment |
            x509.KeyUsageFlags.keyCertSign,
          true,
        ),
        await x509.SubjectKeyIdentifierExtension.create(new x509.PublicKey(publicKey)),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: commonName }]),
      ],
    })
    return new CertificateAuthority(
      { certificate: `${certificate.toString('pem')}\n`, privateKey },
      random,
    )
  }

  /** Signs a certificate for somebody's public key (PEM). */
  async sign(template: CertificateTemplate, publicKey: string): Promise<string> {
    const x509 = await import('./x509.ts')
    const own = new x509.X509Certificate(this.certificate)
    const alternativeNames = [
      ...(template.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
      ...(template.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
    ]
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(this.#random),
      subject: subjectName(x509, template),
      issuer: own.subjectName.toJSON(),
      notBefore: new Date(template.notBeforeMs),
      notAfter: new Date(Math.min(template.notAfterMs, own.notAfter.getTime())),
      signingAlgorithm: x509.signingAlgorithm,
      publicKey: new x509.PublicKey(publicKey),
      signingKey: await importPrivateKey(this.privateKey),
      extensions: [
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
          true,
        ),
        new x509.ExtendedKeyUsageExtension(template.usages.map((usage) => usageOids[usage])),
        new x509.BasicConstraintsExtension(false, undefined, true),
        await x509.AuthorityKeyIdentifierExtension.create(own.publicKey),
        ...(alternativeNames.length > 0
          ? [new x509.SubjectAlternativeNameExtension(alternativeNames)]
          : []),
      ],
    })
    return `${certificate.toString('pem')}\n`
  }

  /** A new key and a certificate for it. */
  async issue(template: CertificateTemplate): Promise<Identity> {
    const { privateKey, publicKey } = await generateKeys()
    return { certificate: await this.sign(template, publicKey), privateKey }
  }

  /** True when this authority signed the certificate. */
  signed(certificate: string): boolean {
    return new X509Certificate(certificate).verify(new X509Certificate(this.certificate).publicKey)
  }
}

/** 64 random bits, positive. */
function serialNumber(random: Random): string {
  const bytes = random.bytes(8)
  bytes[0]! &= 0x7f
  return bytes.toString('hex')
}
