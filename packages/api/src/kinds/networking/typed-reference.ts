import type { FieldError } from '../../status-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { checkDns1123Subdomain, checkPathSegmentName } from '../../validation/name-rules.ts'
import { checked, checkedIfSet, requiredIfEmpty } from '../rules/checked.ts'

interface TypedReference {
  readonly apiGroup?: string
  readonly kind: string
  readonly name: string
}

/** An object of any kind, as ingresses and their classes name one. */
export function validateReference(
  { apiGroup, kind, name }: TypedReference,
  path: FieldPath,
): FieldError[] {
  return [
    ...(apiGroup === undefined
      ? []
      : checked(path.child('apiGroup'), apiGroup, checkDns1123Subdomain)),
    ...requiredIfEmpty(path.child('kind'), kind),
    ...checkedIfSet(path.child('kind'), kind, checkPathSegmentName),
    ...requiredIfEmpty(path.child('name'), name),
    ...checkedIfSet(path.child('name'), name, checkPathSegmentName),
  ]
}
