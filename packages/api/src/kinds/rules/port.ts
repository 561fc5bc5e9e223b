import type { FieldError } from '../../status-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { checkPortName, checkPortNumber } from '../../validation/value-rules.ts'
import { checked } from './checked.ts'

/** A port's number, or its name in the pod. */
export function validatePortReference(path: FieldPath, port: number | string): FieldError[] {
  return typeof port === 'number'
    ? checked(path, port, checkPortNumber)
    : checked(path, port, checkPortName)
}
