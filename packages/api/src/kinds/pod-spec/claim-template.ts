import type { PersistentVolumeClaimTemplate } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateClaimSpec } from '../core/persistent-volume-claim/claim-spec.ts'
import { validateTemplateMeta } from '../rules/template-meta.ts'

/** A claim that is made for the pod. */
export function validateClaimTemplate(
  { metadata, spec }: PersistentVolumeClaimTemplate,
  path: FieldPath,
): FieldError[] {
  return [
    ...validateTemplateMeta(metadata, path.child('metadata')),
    ...validateClaimSpec(spec, path.child('spec')),
  ]
}
