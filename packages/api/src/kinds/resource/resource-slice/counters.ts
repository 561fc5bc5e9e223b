import type { Counter } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldRequired, fieldTooMany } from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { dns1123LabelMaxLength } from '../../../validation/name-rules.ts'
import { validateLabelName } from '../names.ts'
import { validateMap } from '../rules.ts'

const countersMax = 32

/** Named amounts under the name of a set: what there is, or what a device takes of it. */
export function validateCounters(
  set: string,
  counters: Readonly<Record<string, Counter>> = {},
  path: FieldPath,
  field: 'name' | 'counterSet',
): FieldError[] {
  const [inName, at] = [path.child(field), path.child('counters')]
  const ofName = set === '' ? [fieldRequired(inName)] : validateLabelName(set, inName)
  const count = Object.keys(counters).length
  if (count === 0) return [...ofName, fieldRequired(at)]
  if (count > countersMax) return [...ofName, fieldTooMany(at, count, countersMax)]
  const anyAmount = (): FieldError[] => []
  return [
    ...ofName,
    ...validateMap(counters, dns1123LabelMaxLength, validateLabelName, anyAmount, at),
  ]
}
