import type { ResourceResourceClaim } from '../../../generated/types.ts'
import { resourceClaims } from '../../../resources.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { keepSpec, keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import { unattendedWarning } from '../../definition/unattended.ts'
import { setClaimDefaults, validateClaimSpec } from '../device-claim.ts'
import { dropFreedDevices } from './devices.ts'
import { validateClaimStatus } from './status-validation.ts'

const path = fieldPath('spec')

export const resourceClaim = defineKind<ResourceResourceClaim>({
  type: resourceClaims,
  strategy: {
    setDefaults({ spec, status }) {
      setClaimDefaults(spec)
      for (const { tolerations = [] } of status?.allocation?.devices?.results ?? [])
        for (const toleration of tolerations) toleration.operator ||= 'Equal'
    },
    prepareForCreate(object) {
      object.status = {}
    },
    prepareForUpdate: keepStatus,
    validate: ({ spec }) => validateClaimSpec(spec, path),
    validateUpdate: (object, old) => validateImmutable(object.spec, old.spec, path),
    warnings: (_object, old) => unattendedWarning('ResourceClaim', old),
  },
  subresources: [
    statusSubresource<ResourceResourceClaim>({
      prepareForUpdate(object, old) {
        keepSpec(object, old)
        dropFreedDevices(object, old)
      },
      validateUpdate: validateClaimStatus,
    }),
  ],
  table: {
    columns: [text('State', 'Whether devices are allocated, and for whom.'), ageColumn],
    cells: (object, nowMs) => [stateOf(object), age(object, nowMs)],
  },
})

function stateOf({ metadata, status }: ResourceResourceClaim): string {
  const isDeleted = metadata.deletionTimestamp !== undefined
  const { allocation, reservedFor = [] } = status
  return [
    ...(isDeleted ? ['deleted'] : []),
    ...(!allocation && !isDeleted ? ['pending'] : []),
    ...(allocation ? ['allocated'] : []),
    ...(allocation && reservedFor.length > 0 ? ['reserved'] : []),
  ].join(',')
}
