import type { Toleration } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldNotSupported } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateLabelKey } from '../../validation/labels.ts'
import { checkLabelValue } from '../../validation/name-rules.ts'
import { taintEffects } from '../core/node/taints.ts'

export function validateTolerations(
  tolerations: readonly Toleration[],
  path: FieldPath,
): FieldError[] {
  return tolerations.flatMap((toleration, i) => validateToleration(toleration, path.index(i)))
}

function validateToleration(toleration: Toleration, path: FieldPath): FieldError[] {
  const { key = '', operator = '', effect = '', tolerationSeconds } = toleration
  const errors = key === '' ? [] : validateLabelKey(key, path.child('key'))
  if (key === '' && operator !== 'Exists') {
    const text =
      'operator must be Exists when `key` is empty, which means "match all values and all keys"'
    errors.push(fieldInvalid(path.child('operator'), operator, text))
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    const text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
    errors.push(fieldInvalid(path.child('effect'), effect, text))
  }
  errors.push(...validateOperator(toleration, path.child('operator')))
  if (effect !== '' && !taintEffects.includes(effect))
    errors.push(fieldNotSupported(path.child('effect'), effect, taintEffects))
  return errors
}

function validateOperator(
  { operator = '', value = '' }: Toleration,
  path: FieldPath,
): FieldError[] {
  switch (operator) {
    case '':
    case 'Equal': {
      const complaints = checkLabelValue(value)
      return complaints.length > 0 ? [fieldInvalid(path, value, complaints.join(';'))] : []
    }
    case 'Exists':
      if (value === '') return []
      return [fieldInvalid(path, value, "value must be empty when `operator` is 'Exists'")]
    // Of TaintTolerationComparisonOperators, which is off by default: listed, but refused.
    case 'Lt':
    case 'Gt':
      return [fieldNotSupported(path, operator, ['Equal', 'Exists', 'Lt', 'Gt'])]
    default:
      return [fieldNotSupported(path, operator, ['Equal', 'Exists'])]
  }
}
