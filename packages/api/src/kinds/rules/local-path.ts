import type { FieldError } from '../../status-error.ts'
import { fieldInvalid } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'

export function validateNoBacksteps(path: FieldPath, value: string): FieldError[] {
  return value.split('/').includes('..') ? [fieldInvalid(path, value, "must not contain '..'")] : []
}

/** Relative, and going down only. */
export function validateDescendingPath(path: FieldPath, value: string): FieldError[] {
  const absolute = value.startsWith('/')
    ? [fieldInvalid(path, value, 'must be a relative path')]
    : []
  return [...absolute, ...validateNoBacksteps(path, value)]
}

/** Nor like `..data`, which the kubelet keeps for itself. */
export function validateNonReservedPath(path: FieldPath, value: string): FieldError[] {
  const errors = validateDescendingPath(path, value)
  if (value.startsWith('..') && !value.startsWith('../'))
    errors.push(fieldInvalid(path, value, "must not start with '..'"))
  return errors
}

/** Bits of a file's mode: three octal digits. */
export function validateFileMode(path: FieldPath, mode: number | undefined): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return []
  const text = 'must be a number between 0 and 0777 (octal), both inclusive'
  return [fieldInvalid(path, mode, text)]
}
