import type { Taint } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { validateLabelKey } from '../../../validation/labels.ts'
import { checkLabelValue } from '../../../validation/name-rules.ts'

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/** Each with a label's key and value and a known effect; no pair of key and effect twice. */
export function validateTaints(
  taints: readonly Taint[] | undefined,
  path: FieldPath,
): FieldError[] {
  const seen = new Set<string>()
  return (taints ?? []).flatMap((taint, i) => {
    const errors = validateTaint(taint, path.index(i))
    const pair = `${taint.key}:${taint.effect}`
    if (seen.has(pair)) errors.push(duplicate(taint, path.index(i)))
    seen.add(pair)
    return errors
  })
}

function validateTaint({ key, value = '', effect }: Taint, path: FieldPath): FieldError[] {
  const complaints = checkLabelValue(value)
  return [
    ...validateLabelKey(key, path.child('key')),
    ...(complaints.length > 0
      ? [fieldInvalid(path.child('value'), value, complaints.join(';'))]
      : []),
    ...validateTaintEffect(effect, path.child('effect')),
  ]
}

function validateTaintEffect(effect: string, path: FieldPath): FieldError[] {
  if (!effect) return [fieldRequired(path)]
  return taintEffects.includes(effect) ? [] : [fieldNotSupported(path, effect, taintEffects)]
}

/** Shown with the field names of upstream's internal type. */
function duplicate({ key, value, effect, timeAdded }: Taint, path: FieldPath): FieldError {
  const shown = { Key: key, Value: value ?? '', Effect: effect, TimeAdded: timeAdded ?? null }
  const error = fieldDuplicate(path, shown)
  return { ...error, detail: `${error.detail}: taints must be unique by key and effect pair` }
}
