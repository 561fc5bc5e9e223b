import type { ServiceCIDR } from '../../../generated/types.ts'
import { serviceCidrs } from '../../../resources.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { statusSubresource } from '../../definition/status-subresource.ts'
import { unattendedWarning } from '../../definition/unattended.ts'
import { validateServiceCidr, validateServiceCidrUpdate } from './validation.ts'

/** The server's own: the range of its flag (DefaultServiceCIDRName). */
export const defaultServiceCidr = 'kubernetes'

/** Addresses for Services (KEP-1880); kemu gives out those of the default one. */
export const serviceCidr = defineKind<ServiceCIDR>({
  type: serviceCidrs,
  strategy: {
    validate: validateServiceCidr,
    validateUpdate: validateServiceCidrUpdate,
    warnings: ({ metadata }, old) =>
      metadata.name === defaultServiceCidr ? [] : unattendedWarning('ServiceCIDR', old),
  },
  subresources: [statusSubresource<ServiceCIDR>()],
  table: {
    columns: [text('CIDRs', 'The ranges, one of each IP family at most.'), ageColumn],
    cells: (object, nowMs) => [(object.spec.cidrs ?? []).join(','), age(object, nowMs)],
  },
})
