import type { ResourceClaimTemplate } from '../../../generated/types.ts'
import { resourceClaimTemplates } from '../../../resources.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { age, ageColumn } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { unattendedWarning } from '../../definition/unattended.ts'
import { validateTemplateMeta } from '../../rules/template-meta.ts'
import { setClaimDefaults, validateClaimSpec } from '../device-claim.ts'

const path = fieldPath('spec')

export const resourceClaimTemplate = defineKind<ResourceClaimTemplate>({
  type: resourceClaimTemplates,
  strategy: {
    setDefaults: ({ spec }) => setClaimDefaults(spec.spec),
    validate,
    validateUpdate: (object, old) => [
      ...validate(object),
      ...validateImmutable(object.spec, old.spec, path),
    ],
    warnings: (_object, old) => unattendedWarning('ResourceClaimTemplate', old),
  },
  table: { columns: [ageColumn], cells: (object, nowMs) => [age(object, nowMs)] },
})

function validate({ spec: { metadata, spec } }: ResourceClaimTemplate): FieldError[] {
  return [
    ...validateTemplateMeta(metadata, path.child('metadata')),
    ...validateClaimSpec(spec, path.child('spec')),
  ]
}
