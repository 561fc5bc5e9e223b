import { Quantity } from '../../quantity.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { negativeMessage } from '../../validation/value-rules.ts'
import { isIntegerResource } from './names.ts'

const nanosPerUnit = 1_000_000_000n

export function validateNonNegativeQuantity(text: string, path: FieldPath): FieldError[] {
  return Quantity.parse(text).nanos < 0n ? [fieldInvalid(path, text, negativeMessage)] : []
}

/** Not negative, and whole where the resource is counted (ValidateResourceQuantityValue). */
export function validateResourceQuantity(
  name: string,
  text: string,
  path: FieldPath,
): FieldError[] {
  const errors = validateNonNegativeQuantity(text, path)
  if (isIntegerResource(name) && Quantity.parse(text).nanos % nanosPerUnit !== 0n)
    errors.push(fieldInvalid(path, text, 'must be an integer'))
  return errors
}

/** A volume's capacity; what is shown is the number of bytes. */
export function validateCapacity(text: string, path: FieldPath): FieldError[] {
  const bytes = Quantity.parse(text).units
  return bytes < 0 ? [fieldInvalid(path, bytes, 'must be a valid resource quantity')] : []
}
