import type { CrossVersionObjectReferenceV2 } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { checkPathSegmentName } from '../../../validation/name-rules.ts'

/** autoscaling validation.ValidateCrossVersionObjectReference */
export function validateReference(
  { apiVersion = '', ...reference }: CrossVersionObjectReferenceV2,
  path: FieldPath,
  needsGroup: boolean,
): FieldError[] {
  const errors = (['kind', 'name'] as const).flatMap((field) => {
    const value = reference[field]
    if (!value) return [fieldRequired(path.child(field))]
    return checkPathSegmentName(value).map((why) => fieldInvalid(path.child(field), value, why))
  })
  const parts = apiVersion.split('/')
  const at = path.child('apiVersion')
  if (parts.length > 2)
    errors.push(fieldInvalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  else if (needsGroup && (parts.length < 2 || parts[0] === ''))
    errors.push(fieldInvalid(at, apiVersion, 'apiVersion must specify API group'))
  return errors
}
