import type { DownwardAPIVolumeFile, KeyToPath } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { requiredIfEmpty } from '../rules/checked.ts'
import { validateFileMode, validateNonReservedPath } from '../rules/local-path.ts'
import { validateFieldRef, validateResourceFieldRef, volumeFields } from './downward-rules.ts'

/** Which keys of a ConfigMap or Secret become which files. */
export function validateKeysToPaths(
  items: readonly KeyToPath[] | undefined,
  path: FieldPath,
): FieldError[] {
  return (items ?? []).flatMap((item, i) => validateKeyToPath(item, path.index(i)))
}

export function validateKeyToPath(item: KeyToPath, path: FieldPath): FieldError[] {
  return [
    ...requiredIfEmpty(path.child('key'), item.key),
    ...requiredIfEmpty(path.child('path'), item.path),
    ...validateNonReservedPath(path.child('path'), item.path),
    ...validateFileMode(path.child('mode'), item.mode),
  ]
}

/** A file with a fact about the pod. */
export function validateDownwardFile(item: DownwardAPIVolumeFile, path: FieldPath): FieldError[] {
  const { fieldRef, resourceFieldRef } = item
  const errors = [
    ...requiredIfEmpty(path.child('path'), item.path),
    ...validateNonReservedPath(path.child('path'), item.path),
  ]
  if (fieldRef) {
    errors.push(...validateFieldRef(fieldRef, volumeFields, path.child('fieldRef')))
    if (resourceFieldRef) {
      const text = 'fieldRef and resourceFieldRef can not be specified simultaneously'
      errors.push(fieldInvalid(path, 'resource', text))
    }
  } else if (resourceFieldRef)
    errors.push(...validateResourceFieldRef(resourceFieldRef, path.child('resourceFieldRef'), true))
  else errors.push(fieldRequired(path, 'one of fieldRef and resourceFieldRef is required'))
  return [...errors, ...validateFileMode(path.child('mode'), item.mode)]
}
