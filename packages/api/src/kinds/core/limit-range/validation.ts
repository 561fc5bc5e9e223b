import type { LimitRange, LimitRangeItem } from '../../../generated/types.ts'
import { Quantity } from '../../../quantity.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
} from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { checkQualifiedName } from '../../../validation/name-rules.ts'
import {
  isOvercommitAllowed,
  validateContainerResourceName,
  validateResourceName,
} from '../../resource-rules/names.ts'

const types = new Set(['Pod', 'Container', 'PersistentVolumeClaim'])
const bounds = ['max', 'min'] as const
const defaults = ['default', 'defaultRequest'] as const
type List = (typeof bounds)[number] | (typeof defaults)[number] | 'maxLimitRequestRatio'

/** core validation.ValidateLimitRange */
export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const seen = new Set<string>()
  return (spec?.limits ?? []).flatMap((item, i) => {
    const path = fieldPath('spec', 'limits').index(i)
    const errors = validateType(item.type, path.child('type'))
    if (seen.has(item.type)) errors.push(fieldDuplicate(path.child('type'), item.type))
    seen.add(item.type)
    return [...errors, ...validateItem(item, path)]
  })
}

function validateType(type: string, path: FieldPath): FieldError[] {
  const errors = checkQualifiedName(type).map((text) => fieldInvalid(path, type, text))
  if (errors.length > 0 || type.includes('/') || types.has(type)) return errors
  return [fieldInvalid(path, type, 'must be a standard limit type or fully qualified')]
}

function validateItem(item: LimitRangeItem, path: FieldPath): FieldError[] {
  const isPod = item.type === 'Pod'
  const lists: List[] = [...bounds, ...(isPod ? [] : defaults)]
  const errors = lists.flatMap((list) => validateNames(item, list, path))
  if (isPod) errors.push(...forbidDefaults(item, path))
  if (item.type === 'PersistentVolumeClaim' && !item.min?.['storage'] && !item.max?.['storage'])
    errors.push(
      fieldRequired(
        path.child('limits'),
        'either minimum or maximum storage value is required, but neither was provided',
      ),
    )
  errors.push(...validateNames(item, 'maxLimitRequestRatio', path))
  const names = new Set(
    [...lists, 'maxLimitRequestRatio' as const].flatMap((list) => Object.keys(item[list] ?? {})),
  )
  return [...errors, ...[...names].flatMap((name) => validateAmounts(item, name, path))]
}

function validateNames(item: LimitRangeItem, list: List, path: FieldPath): FieldError[] {
  const ofContainers = item.type === 'Pod' || item.type === 'Container'
  const validate = ofContainers ? validateContainerResourceName : validateResourceName
  return Object.keys(item[list] ?? {}).flatMap((name) => validate(name, path.child(list).key(name)))
}

function forbidDefaults(item: LimitRangeItem, path: FieldPath): FieldError[] {
  const why = "may not be specified when `type` is 'Pod'"
  return defaults
    .filter((list) => Object.keys(item[list] ?? {}).length > 0)
    .map((list) => fieldForbidden(path.child(list), why))
}

/** What the lists say of one resource must fit together. */
function validateAmounts(item: LimitRangeItem, name: string, path: FieldPath): FieldError[] {
  const isPod = item.type === 'Pod'
  const of = (list: List): Quantity | undefined => {
    const text = item[list]?.[name]
    return text === undefined ? undefined : Quantity.parse(text)
  }
  const [min, max, ratio] = [of('min'), of('max'), of('maxLimitRequestRatio')]
  const limit = isPod ? undefined : of('default')
  const request = isPod ? undefined : of('defaultRequest')
  const errors: FieldError[] = []
  const above = (
    low: [string, Quantity | undefined],
    high: [string, Quantity | undefined],
    at: List,
    shown: Quantity | undefined,
    words: 'greater',
  ): void => {
    if (!low[1] || !high[1] || low[1].compare(high[1]) <= 0) return
    const why = `${low[0]} value ${low[1].toString()} is ${words} than ${high[0]} value ${high[1].toString()}`
    errors.push(fieldInvalid(path.child(at).key(name), String(shown), why))
  }
  above(['min', min], ['max', max], 'min', min, 'greater')
  above(['min', min], ['default request', request], 'defaultRequest', request, 'greater')
  above(['default request', request], ['max', max], 'defaultRequest', request, 'greater')
  above(
    ['default request', request],
    ['default limit', limit],
    'defaultRequest',
    request,
    'greater',
  )
  above(['min', min], ['default', limit], 'default', min, 'greater')
  above(['default', limit], ['max', max], 'default', max, 'greater')
  if (ratio)
    errors.push(...validateRatio(ratio, min, max, path.child('maxLimitRequestRatio').key(name)))
  if (!isOvercommitAllowed(name) && limit && request && limit.compare(request) !== 0) {
    const why = `default value ${limit.toString()} must equal to defaultRequest value ${request.toString()} in ${name}`
    errors.push(fieldInvalid(path.child('defaultRequest').key(name), String(request), why))
  }
  return errors
}

function validateRatio(
  ratio: Quantity,
  min: Quantity | undefined,
  max: Quantity | undefined,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  const value = Number(ratio.nanos) / 1e9
  if (value < 1)
    errors.push(fieldInvalid(path, String(ratio), `ratio ${ratio.toString()} is less than 1`))
  if (!min || !max) return errors
  const most = max.millis / min.millis
  if (value <= most) return errors
  const shown = Number.isFinite(most) ? most.toFixed(6) : '+Inf'
  const why = `ratio ${ratio.toString()} is greater than max/min = ${shown}`
  return [...errors, fieldInvalid(path, String(ratio), why)]
}
