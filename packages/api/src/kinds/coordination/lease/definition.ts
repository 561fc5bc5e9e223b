import type { Lease } from '../../../generated/types.ts'
import { leases } from '../../../resources.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { negativeMessage } from '../../../validation/value-rules.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'

export const lease = defineKind<Lease>({
  type: leases,
  strategy: {
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: false,
    prepareForCreate: ({ spec }) => dropElection(spec, undefined),
    prepareForUpdate: ({ spec }, old) => dropElection(spec, old.spec),
    validate: validateLease,
  },
  table: {
    columns: [text('Holder', 'Who holds the lease.'), ageColumn],
    cells: (object, nowMs) => [object.spec?.holderIdentity ?? '', age(object, nowMs)],
  },
})

/** The fields of CoordinatedLeaderElection, a feature that is off by default. */
function dropElection(spec: Lease['spec'] | undefined, old: Lease['spec'] | undefined): void {
  if (!spec) return
  if (old?.strategy === undefined) delete spec.strategy
  if (old?.preferredHolder === undefined) delete spec.preferredHolder
}

function validateLease({ spec }: Lease): FieldError[] {
  const { leaseDurationSeconds, leaseTransitions } = spec ?? {}
  const path = fieldPath('spec')
  const errors: FieldError[] = []
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    const text = 'must be greater than 0'
    errors.push(fieldInvalid(path.child('leaseDurationSeconds'), leaseDurationSeconds, text))
  }
  if (leaseTransitions !== undefined && leaseTransitions < 0)
    errors.push(fieldInvalid(path.child('leaseTransitions'), leaseTransitions, negativeMessage))
  return errors
}
