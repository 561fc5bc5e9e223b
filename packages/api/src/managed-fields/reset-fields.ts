/** A kind, as far as it decides which fields a write cannot change. */
interface Kind {
  readonly type: { readonly kind: string }
  readonly subresources: readonly { readonly name: string }[]
}

type Paths = readonly (readonly string[])[]

/** Where a kind differs from the rest: `Kind` or `Kind/subresource` (the strategies' GetResetFields). */
const particular: Readonly<Record<string, Paths>> = {
  CertificateSigningRequest: [['spec'], ['status']],
  'CertificateSigningRequest/approval': [['spec'], ['status', 'certificate']],
  'CertificateSigningRequest/status': [['spec'], ['status', 'conditions']],
  'Deployment/status': [['spec'], ['metadata', 'labels']],
  'Namespace/finalize': [['status']],
  'Pod/status': [['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']],
}

/** The fields that a write of the object ('') or of one of its parts cannot change. */
export function resetFieldsOf({ type, subresources }: Kind, subresource: string): Paths {
  const key = subresource === '' ? type.kind : `${type.kind}/${subresource}`
  const own = particular[key]
  if (own) return own
  if (subresource === 'status') return [['spec']]
  return subresources.some(({ name }) => name === 'status') ? [['status']] : []
}
