import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import type { Complaints } from '../../validation/name-rules.ts'

/** One error for each complaint about a value. */
export function checked<T>(
  path: FieldPath,
  value: T,
  check: (value: T) => Complaints,
): FieldError[] {
  return check(value).map((text) => fieldInvalid(path, value, text))
}

/** The same for a value that may be left out; an empty string counts as left out. */
export function checkedIfSet<T>(
  path: FieldPath,
  value: T | undefined,
  check: (value: T) => Complaints,
): FieldError[] {
  return value === undefined || value === '' ? [] : checked(path, value, check)
}

export function requiredIfEmpty(path: FieldPath, value: string | undefined): FieldError[] {
  return value ? [] : [fieldRequired(path)]
}

/** One of an enumeration, and not empty. `supported` stands in the order in which messages list it. */
export function oneOf(
  path: FieldPath,
  value: string | undefined,
  supported: readonly string[],
): FieldError[] {
  return value ? oneOfIfSet(path, value, supported) : [fieldRequired(path)]
}

export function oneOfIfSet(
  path: FieldPath,
  value: string | undefined,
  supported: readonly string[],
): FieldError[] {
  if (value === undefined || supported.includes(value)) return []
  return [fieldNotSupported(path, value, supported)]
}

/** Fields of numbers that may be left out and may not be negative. */
export function nonNegative<T extends object>(
  path: FieldPath,
  object: T,
  fields: readonly (keyof T & string)[],
): FieldError[] {
  return fields.flatMap((field) => {
    const value = object[field]
    return typeof value === 'number' && value < 0
      ? [fieldInvalid(path.child(field), value, 'must be greater than or equal to 0')]
      : []
  })
}

export function positive(path: FieldPath, value: number): FieldError[] {
  return value > 0 ? [] : [fieldInvalid(path, value, 'must be greater than zero')]
}

/** A broken rule between fields, where no single value is to blame. */
export function invalidAsAWhole(path: FieldPath, detail: string): FieldError {
  const type = 'FieldValueInvalid'
  return { type, field: path.toString(), detail: `Invalid value: ${detail}` }
}
