import type { FieldError } from '../../status-error.ts'
import { fieldDuplicate, fieldInvalid } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateLabelKey } from '../../validation/labels.ts'
import { validateList } from './rules.ts'

const conditionsMax = 4

export interface BindingConditions {
  readonly bindingConditions?: readonly string[]
  readonly bindingFailureConditions?: readonly string[]
}

/** Conditions that a device must have before a pod is bound, and those that end the wait: both or none. */
export function validateBindingConditions(
  { bindingConditions: wanted = [], bindingFailureConditions: failures = [] }: BindingConditions,
  path: FieldPath,
): FieldError[] {
  const [at, ofFailures] = [path.child('bindingConditions'), path.child('bindingFailureConditions')]
  const overlap = 'bindingFailureConditions must not overlap with bindingConditions'
  return [
    ...validateList(wanted, conditionsMax, validateLabelKey, at),
    ...validateList(failures, conditionsMax, validateLabelKey, ofFailures),
    ...duplicates(wanted, at),
    ...failures.flatMap((name, i) => [
      ...(failures.indexOf(name) < i ? [fieldDuplicate(ofFailures.index(i), name)] : []),
      ...(wanted.includes(name) ? [fieldInvalid(ofFailures.index(i), name, overlap)] : []),
    ]),
    ...(wanted.length === 0 && failures.length > 0
      ? [fieldInvalid(at, null, 'bindingConditions are required to use bindingFailureConditions')]
      : []),
    ...(failures.length === 0 && wanted.length > 0
      ? [
          fieldInvalid(
            ofFailures,
            null,
            'bindingFailureConditions are required to use bindingConditions',
          ),
        ]
      : []),
  ]
}

function duplicates(names: readonly string[], path: FieldPath): FieldError[] {
  return names.flatMap((name, i) =>
    names.indexOf(name) < i ? [fieldDuplicate(path.index(i), name)] : [],
  )
}
