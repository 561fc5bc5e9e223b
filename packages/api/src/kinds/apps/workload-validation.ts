import type { LabelSelector, PodTemplateSpec } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { checkPercent } from '../../validation/value-rules.ts'
import {
  isEmptySelector,
  isReadableSelector,
  validateSelectorMatches,
  validateServingTemplate,
} from '../pod-spec/template-validation.ts'

/** Template and selector of a Deployment or ReplicaSet. */
export function validateSelectedTemplate(
  { selector, template }: { selector?: LabelSelector; template?: PodTemplateSpec },
  path: FieldPath,
): FieldError[] {
  const stated = template ?? {}
  if (!isReadableSelector(selector))
    return [fieldInvalid(path.child('selector'), selector, 'invalid label selector')]
  const at = path.child('template')
  const everything = selector !== undefined && isEmptySelector(selector)
  return [
    ...(everything ? [] : validateSelectorMatches(selector, stated, at)),
    ...validateServingTemplate(stated, 'ReplicaSet', at),
  ]
}

type IntOrPercent = number | string | undefined

/** Not negative, or a percentage. */
export function validateIntOrPercent(value: IntOrPercent, path: FieldPath): FieldError[] {
  if (typeof value === 'string')
    return checkPercent(value).map((text) => fieldInvalid(path, value, text))
  if ((value ?? 0) >= 0) return []
  return [fieldInvalid(path, value, 'must be greater than or equal to 0')]
}

/** The number, of a percentage too; 0 for what is neither. */
export function valueOf(value: IntOrPercent): number {
  return typeof value === 'string' ? Number.parseInt(value, 10) || 0 : (value ?? 0)
}

export function validateAtMostAll(value: IntOrPercent, path: FieldPath): FieldError[] {
  const isPercent = typeof value === 'string' && checkPercent(value).length === 0
  if (!isPercent || valueOf(value) <= 100) return []
  return [fieldInvalid(path, value, 'must not be greater than 100%')]
}

type Counts = Readonly<Record<string, number | undefined>>

/** None of a status' numbers may be negative. */
export function validateCounts(
  status: object,
  fields: readonly string[],
  path: FieldPath,
): FieldError[] {
  const counts = status as Counts
  return fields.flatMap((field) => {
    const value = counts[field] ?? 0
    const text = 'must be greater than or equal to 0'
    return value < 0 ? [fieldInvalid(path.child(field), value, text)] : []
  })
}

/** Parts of the replicas are not more than all of them, and what is available is ready. */
export function validateReplicaParts(
  status: object,
  parts: readonly string[],
  path: FieldPath,
): FieldError[] {
  const counts = status as Counts
  const errors = parts
    .filter((part) => (counts[part] ?? 0) > (counts['replicas'] ?? 0))
    .map((part) =>
      fieldInvalid(path.child(part), counts[part] ?? 0, 'cannot be greater than status.replicas'),
    )
  const available = counts['availableReplicas'] ?? 0
  if (available > (counts['readyReplicas'] ?? 0)) {
    const text = 'cannot be greater than readyReplicas'
    errors.push(fieldInvalid(path.child('availableReplicas'), available, text))
  }
  return errors
}

/** How often a name was taken already; it only grows. */
export function validateCollisionCount(
  now: number | undefined,
  old: number | undefined,
  path: FieldPath,
): FieldError[] {
  if (old === undefined || (now ?? 0) >= old) return []
  return [fieldInvalid(path.child('collisionCount'), now ?? 0, 'cannot be decremented')]
}
