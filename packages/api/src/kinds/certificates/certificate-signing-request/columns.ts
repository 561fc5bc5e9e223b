import type { CertificateSigningRequest } from '../../../generated/types.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { humanDuration } from '../../columns/since.ts'
import type { TableDefinition } from '../../kind-definition.ts'

export const certificateSigningRequestTable: TableDefinition<CertificateSigningRequest> = {
  columns: [
    ageColumn,
    text('SignerName', 'Who is asked to sign.'),
    text('Requestor', 'Who asks.'),
    text('RequestedDuration', 'How long the certificate shall be valid.'),
    text('Condition', 'What has become of the request.'),
  ],
  cells: (object, nowMs) => [
    age(object, nowMs),
    object.spec.signerName || '<none>',
    object.spec.username ?? '',
    object.spec.expirationSeconds === undefined
      ? '<none>'
      : humanDuration(object.spec.expirationSeconds * 1000),
    conditionText(object),
  ],
}

function conditionText({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => (status?.conditions ?? []).some((c) => c.type === type)
  const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'
  return [
    decision,
    ...(has('Failed') ? ['Failed'] : []),
    ...(status?.certificate ? ['Issued'] : []),
  ].join(',')
}
