import type { LabelSelector, LabelSelectorRequirement } from '../generated/types.ts'
import { fieldForbidden, fieldInvalid, fieldRequired } from './field-error.ts'
import type { FieldError } from './field-error.ts'
import type { FieldPath } from './field-path.ts'
import { checkLabelValue, checkQualifiedName } from './name-rules.ts'

export function validateLabelKey(key: string, path: FieldPath): FieldError[] {
  return checkQualifiedName(key).map((text) => fieldInvalid(path, key, text))
}

export function validateLabels(
  labels: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...validateLabelKey(key, path),
    ...checkLabelValue(value).map((text) => fieldInvalid(path, value, text)),
  ])
}

export interface LabelSelectorOptions {
  /** Stored objects keep values that were accepted before 1.24 or so. */
  readonly allowInvalidValues?: boolean
}

export function validateLabelSelector(
  selector: LabelSelector | undefined,
  path: FieldPath,
  options: LabelSelectorOptions = {},
): FieldError[] {
  const expressions = selector?.matchExpressions ?? []
  return [
    ...validateLabels(selector?.matchLabels, path.child('matchLabels')),
    ...expressions.flatMap((requirement, i) =>
      validateRequirement(requirement, path.child('matchExpressions').index(i), options),
    ),
  ]
}

function validateRequirement(
  { key, operator, values = [] }: LabelSelectorRequirement,
  path: FieldPath,
  options: LabelSelectorOptions,
): FieldError[] {
  const ofValues = options.allowInvalidValues
    ? []
    : values.flatMap((value, i) =>
        checkLabelValue(value).map((text) =>
          fieldInvalid(path.child('values').index(i), value, text),
        ),
      )
  return [
    ...validateOperator(operator, values, path),
    ...validateLabelKey(key, path.child('key')),
    ...ofValues,
  ]
}

function validateOperator(
  operator: string,
  values: readonly string[],
  path: FieldPath,
): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn': {
      const text = "must be specified when `operator` is 'In' or 'NotIn'"
      return values.length === 0 ? [fieldRequired(path.child('values'), text)] : []
    }
    case 'Exists':
    case 'DoesNotExist': {
      const text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
      return values.length > 0 ? [fieldForbidden(path.child('values'), text)] : []
    }
    default:
      return [fieldInvalid(path.child('operator'), operator, 'not a valid selector operator')]
  }
}
