import type { Condition } from '../generated/types.ts'
import {
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
} from './field-error.ts'
import type { FieldError } from './field-error.ts'
import type { FieldPath } from './field-path.ts'
import { validateLabelKey } from './labels.ts'
import { byteLength, regexComplaint } from './name-rules.ts'

/** The rules of a list of meta/v1 conditions: each is well formed and no type comes twice. */
export function validateConditions(
  conditions: readonly Condition[] = [],
  path: FieldPath,
): FieldError[] {
  const types = new Set<string>()
  return conditions.flatMap((condition, i) => {
    const at = path.index(i)
    const twice = types.has(condition.type)
    types.add(condition.type)
    const errors = validateCondition(condition, at)
    return twice ? [fieldDuplicate(at.child('type'), condition.type), ...errors] : errors
  })
}

function validateCondition(condition: Condition, path: FieldPath): FieldError[] {
  const errors = validateLabelKey(condition.type, path.child('type'))
  const statuses = ['False', 'True', 'Unknown']
  if (!statuses.includes(condition.status))
    errors.push(fieldNotSupported(path.child('status'), condition.status, statuses))
  const { observedGeneration = 0 } = condition
  if (observedGeneration < 0) {
    const text = 'must be greater than or equal to zero'
    errors.push(fieldInvalid(path.child('observedGeneration'), observedGeneration, text))
  }
  if (!condition.lastTransitionTime) errors.push(fieldRequired(path.child('lastTransitionTime')))
  errors.push(...validateReason(condition.reason, path.child('reason')))
  if (byteLength(condition.message) > 32 * 1024)
    errors.push(fieldTooLong(path.child('message'), 32 * 1024))
  return errors
}

function validateReason(reason: string, path: FieldPath): FieldError[] {
  if (reason === '') return [fieldRequired(path)]
  const errors: FieldError[] = []
  if (!/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/.test(reason)) {
    const words = `a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'`
    const pattern = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
    const examples = ['my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB']
    errors.push(fieldInvalid(path, reason, regexComplaint(words, pattern, ...examples)))
  }
  if (byteLength(reason) > 1024) errors.push(fieldTooLong(path, 1024))
  return errors
}
