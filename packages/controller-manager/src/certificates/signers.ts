import type { ParsedRequest } from '@kemu/pki'
import type { CertificateSigningRequest } from '@kemu/api'

export const signerNames = {
  apiserverClient: 'kubernetes.io/kube-apiserver-client',
  kubeletClient: 'kubernetes.io/kube-apiserver-client-kubelet',
  kubeletServing: 'kubernetes.io/kubelet-serving',
  legacyUnknown: 'kubernetes.io/legacy-unknown',
} as const

export type SignerName = (typeof signerNames)[keyof typeof signerNames]

const nodesGroup = 'system:nodes'
const nodePrefix = 'system:node:'
const requiredClientUsages = ['digital signature', 'client auth']
const requiredServerUsages = ['digital signature', 'server auth']
const optionalUsages = ['key encipherment']

/** Why a request does not fit its signer, in upstream's words; undefined: it does (apis/certificates helpers). */
export function whyUnfit(
  signer: SignerName,
  { spec }: CertificateSigningRequest,
  request: ParsedRequest,
): string | undefined {
  const usages = spec.usages ?? []
  switch (signer) {
    case signerNames.kubeletClient:
      return whyNoKubeletClient(request, usages)
    case signerNames.kubeletServing:
      return whyNoKubeletServing(request, usages)
    case signerNames.apiserverClient:
      return usagesFit(usages, ['client auth'], ['digital signature', ...optionalUsages])
        ? undefined
        : 'usages did not match'
    case signerNames.legacyUnknown:
      return undefined
  }
}

function whyNoKubeletClient(request: ParsedRequest, usages: readonly string[]): string | undefined {
  if (request.organizations.length !== 1 || request.organizations[0] !== nodesGroup)
    return 'organization in request must be system:nodes'
  if (request.dnsNames.length > 0) return 'DNS SANs must not be set'
  if (request.ipAddresses.length > 0) return 'IP SANs must not be set'
  if (request.otherNames.length > 0) return 'email and URI SANs must not be set'
  if (!request.commonName.startsWith(nodePrefix))
    return 'subject common name does not begin with system:node:'
  return usagesFit(usages, requiredClientUsages, optionalUsages)
    ? undefined
    : 'usages did not match'
}

function whyNoKubeletServing(
  request: ParsedRequest,
  usages: readonly string[],
): string | undefined {
  if (request.organizations.length !== 1 || request.organizations[0] !== nodesGroup)
    return 'organization in request must be system:nodes'
  if (request.dnsNames.length + request.ipAddresses.length === 0)
    return 'DNS or IP subjectAltName is required'
  if (request.otherNames.length > 0) return 'email and URI SANs must not be set'
  if (!request.commonName.startsWith(nodePrefix))
    return 'subject common name does not begin with system:node:'
  return usagesFit(usages, requiredServerUsages, optionalUsages)
    ? undefined
    : 'usages did not match'
}

function usagesFit(
  usages: readonly string[],
  required: readonly string[],
  optional: readonly string[],
): boolean {
  return (
    required.every((usage) => usages.includes(usage)) &&
    usages.every((usage) => required.includes(usage) || optional.includes(usage))
  )
}

type ConditionType = 'Approved' | 'Denied' | 'Failed'

export function csrHas({ status }: CertificateSigningRequest, type: ConditionType): boolean {
  return (status?.conditions ?? []).some((c) => c.type === type && c.status === 'True')
}
