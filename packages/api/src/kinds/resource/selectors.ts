import type { DeviceSelector } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldRequired, fieldTooLong } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { byteLength } from '../../validation/name-rules.ts'
import { validateList } from './rules.ts'

const selectorsMax = 32
const expressionBytesMax = 10 * 1024

/** The expressions themselves are not compiled: who allocates devices does that (and upstream's server too). */
export function validateSelectors(
  selectors: readonly DeviceSelector[] | undefined,
  path: FieldPath,
): FieldError[] {
  return validateList(selectors, selectorsMax, validateSelector, path)
}

function validateSelector({ cel }: DeviceSelector, path: FieldPath): FieldError[] {
  const at = path.child('cel')
  if (!cel) return [fieldRequired(at)]
  const length = byteLength(cel.expression)
  return length > expressionBytesMax
    ? [fieldTooLong(at.child('expression'), expressionBytesMax)]
    : []
}
