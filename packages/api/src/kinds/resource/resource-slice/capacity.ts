import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
  DeviceCapacity,
} from '../../../generated/types.ts'
import { Quantity } from '../../../quantity.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldForbidden, fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { validateSet } from '../rules.ts'

const optionsMax = 10

/** Of a device that is given as a whole. */
export function validateWholeCapacity(
  { requestPolicy }: DeviceCapacity,
  path: FieldPath,
): FieldError[] {
  const text = 'allowMultipleAllocations must be true'
  return requestPolicy ? [fieldForbidden(path.child('requestPolicy'), text)] : []
}

/** Of a device that several claims share: how much each may ask for. */
export function validateSharedCapacity(
  { value, requestPolicy }: DeviceCapacity,
  path: FieldPath,
): FieldError[] {
  if (!requestPolicy) return []
  const { validValues = [], validRange } = requestPolicy
  const at = path.child('requestPolicy')
  if (validValues.length > 0 && validRange) {
    const text =
      'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
    return [fieldForbidden(at, text)]
  }
  const capacity = Quantity.parse(value)
  if (validValues.length > 0) return validateValues(requestPolicy, validValues, capacity, at)
  return validRange ? validateRange(requestPolicy, validRange, capacity, at) : []
}

function validateValues(
  policy: CapacityRequestPolicy,
  validValues: readonly string[],
  capacity: Quantity,
  path: FieldPath,
): FieldError[] {
  if (policy.default === undefined)
    return [fieldRequired(path.child('default'), 'required when validValues is defined')]
  const at = path.child('validValues')
  const usual = Quantity.parse(policy.default)
  const values = validValues.map((value) => Quantity.parse(value))
  const unordered = values.flatMap((value, i) =>
    i > 0 && values[i - 1]!.compare(value) > 0
      ? [fieldInvalid(at.index(i), value.toString(), 'values must be sorted in ascending order')]
      : [],
  )
  const options = validateSet(
    values,
    optionsMax,
    (value, where) => notAbove(value, capacity, where, 'option'),
    (value) => String(value.units),
    at,
  )
  const text = 'default value is not valid according to the requestPolicy'
  const isListed = values.some((value) => value.compare(usual) === 0)
  return [...unordered, ...options, ...(isListed ? [] : [fieldInvalid(at, usual.toString(), text)])]
}

function notAbove(
  value: Quantity,
  capacity: Quantity,
  path: FieldPath,
  noun: string,
): FieldError[] {
  if (value.compare(capacity) <= 0) return []
  const text = `${noun} is larger than capacity value: ${capacity.toString()}`
  return [fieldInvalid(path, value.toString(), text)]
}

function validateRange(
  policy: CapacityRequestPolicy,
  range: CapacityRequestPolicyRange,
  capacity: Quantity,
  path: FieldPath,
): FieldError[] {
  if (policy.default === undefined)
    return [fieldRequired(path.child('default'), 'required when validRange is defined')]
  const usual = Quantity.parse(policy.default)
  const min = Quantity.parse(range.min)
  const max = range.max === undefined ? undefined : Quantity.parse(range.max)
  const at = path.child('validRange')
  return [
    ...notAbove(min, capacity, at.child('min'), 'min'),
    ...ordered(min, usual, at.child('min'), usual, `default is less than min: ${min.toString()}`),
    ...(max ? validateMax(max, min, usual, capacity, at.child('max')) : []),
    ...(range.step === undefined
      ? []
      : validateStep(Quantity.parse(range.step), { min, max, usual, capacity }, at.child('step'))),
  ]
}

function validateMax(
  max: Quantity,
  min: Quantity,
  usual: Quantity,
  capacity: Quantity,
  path: FieldPath,
): FieldError[] {
  return [
    ...ordered(min, max, path, min, `min is larger than max: ${max.toString()}`),
    ...notAbove(max, capacity, path, 'max'),
    ...ordered(usual, max, path, usual, `default is more than max: ${max.toString()}`),
  ]
}

function ordered(
  low: Quantity,
  high: Quantity,
  path: FieldPath,
  shown: Quantity,
  text: string,
): FieldError[] {
  return low.compare(high) <= 0 ? [] : [fieldInvalid(path, shown.toString(), text)]
}

interface Range {
  readonly min: Quantity
  readonly max: Quantity | undefined
  readonly usual: Quantity
  readonly capacity: Quantity
}

function validateStep(step: Quantity, range: Range, path: FieldPath): FieldError[] {
  const { min, max, usual, capacity } = range
  const first = min.add(step)
  const text = `one step ${first.toString()} is larger than capacity value: ${capacity.toString()}`
  const reachable = [usual, ...(max ? [max] : [])]
  return [
    ...ordered(first, capacity, path, step, text),
    ...reachable
      .filter((value) => (value.units - min.units) % step.units !== 0)
      .map((value) => {
        const rule = `value is not a multiple of a given step (${step.toString()}) from (${min.toString()})`
        return fieldInvalid(path, value.toString(), rule)
      }),
  ]
}
