import type { CertificateSigningRequest } from '@kemu/api'
import { decideAll } from '../authorization/authorizer.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { admissionForbidden, subjectOf } from './refusal.ts'

const requests = 'certificatesigningrequests.certificates.k8s.io'

/** Who approves a request must have the right to `approve` its signer. */
export class CertificateApprovalPlugin implements AdmissionPlugin {
  readonly name = 'CertificateApproval'
  readonly #authorizers: readonly Authorizer[]

  constructor(authorizers: readonly Authorizer[]) {
    this.#authorizers = authorizers
  }

  validate(attributes: AdmissionAttributes): void {
    if (attributes.operation !== 'UPDATE') return
    if (subjectOf(attributes) !== `${requests}/approval`) return
    checkSigner(this.#authorizers, 'approve', attributes)
  }
}

/** Who puts a certificate into a request must have the right to `sign` for its signer. */
export class CertificateSigningPlugin implements AdmissionPlugin {
  readonly name = 'CertificateSigning'
  readonly #authorizers: readonly Authorizer[]

  constructor(authorizers: readonly Authorizer[]) {
    this.#authorizers = authorizers
  }

  validate(attributes: AdmissionAttributes): void {
    if (attributes.operation !== 'UPDATE' || subjectOf(attributes) !== `${requests}/status`) return
    const before = (attributes.old as CertificateSigningRequest).status?.certificate
    const after = (attributes.object as CertificateSigningRequest).status?.certificate
    if (before === after) return
    checkSigner(this.#authorizers, 'sign', attributes)
  }
}

/** Clients of the API server may not become system:masters by asking for a certificate. */
export const certificateSubjectPlugin: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  async validate(attributes: AdmissionAttributes): Promise<void> {
    if (attributes.operation !== 'CREATE' || subjectOf(attributes) !== requests) return
    const { spec } = attributes.object as CertificateSigningRequest
    if (spec.signerName !== 'kubernetes.io/kube-apiserver-client') return
    const { parseRequest } = await import('@kemu/pki')
    const { organizations } = await parseRequest(Buffer.from(spec.request, 'base64').toString())
    if (!organizations.includes('system:masters')) return
    throw admissionForbidden(
      attributes,
      'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
    )
  },
}

/** A right on the signer itself, or on all signers of its domain. */
function checkSigner(
  authorizers: readonly Authorizer[],
  verb: string,
  attributes: AdmissionAttributes,
): void {
  const { signerName } = (attributes.old as CertificateSigningRequest).spec
  const domain = signerName.slice(0, signerName.indexOf('/'))
  const isAllowed = [signerName, `${domain}/*`].some((name) => {
    const path = {
      group: 'certificates.k8s.io',
      version: '*',
      resource: 'signers',
      namespace: '',
      name,
      subresource: '',
    }
    const question = {
      type: 'resource' as const,
      user: attributes.user,
      verb,
      path,
      fieldSelector: '',
    }
    return decideAll(authorizers, question).decision === 'allow'
  })
  if (isAllowed) return
  throw admissionForbidden(
    attributes,
    `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`,
  )
}
