import type { DeviceTaint, DeviceToleration } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateLabelKey } from '../../validation/labels.ts'
import { oneOf, oneOfIfSet } from '../rules/checked.ts'
import { validateLabelText } from './names.ts'
import { validateList } from './rules.ts'

const effects = ['NoExecute', 'NoSchedule', 'None']
const operators = ['Equal', 'Exists']
const tolerationsMax = 16

export function validateTaint(
  { key, value = '', effect }: DeviceTaint,
  path: FieldPath,
): FieldError[] {
  return [
    ...validateLabelKey(key, path.child('key')),
    ...validateLabelText(value, path.child('value')),
    ...oneOf(path.child('effect'), effect, effects),
  ]
}

export function validateTolerations(
  tolerations: readonly DeviceToleration[] | undefined,
  path: FieldPath,
): FieldError[] {
  return validateList(tolerations, tolerationsMax, validateToleration, path)
}

function validateToleration(toleration: DeviceToleration, path: FieldPath): FieldError[] {
  const { key = '', operator = '', value = '', effect = '' } = toleration
  const at = path.child('value')
  return [
    ...(key === '' ? [] : validateLabelKey(key, path.child('key'))),
    ...oneOf(path.child('operator'), operator, operators),
    ...(operator === 'Equal' ? validateLabelText(value, at) : []),
    ...(operator === 'Exists' && value !== ''
      ? [fieldInvalid(at, value, 'must be empty for operator `Exists`')]
      : []),
    ...oneOfIfSet(path.child('effect'), effect || undefined, effects),
  ]
}
