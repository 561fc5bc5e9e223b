import type { CertificateSigningRequest } from '../../../generated/types.ts'
import { certificateSigningRequests } from '../../../resources.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { certificateSigningRequestTable } from './columns.ts'
import {
  certificateSigningRequestStrategy,
  certificateSigningRequestSubresources,
} from './strategy.ts'

export const certificateSigningRequest = defineKind<CertificateSigningRequest>({
  type: certificateSigningRequests,
  shortNames: ['csr'],
  strategy: certificateSigningRequestStrategy,
  subresources: certificateSigningRequestSubresources,
  table: certificateSigningRequestTable,
  selectableFields: ({ spec }) => ({ 'spec.signerName': spec.signerName }),
})
