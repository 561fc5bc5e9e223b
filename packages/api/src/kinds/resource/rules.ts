import type { FieldError } from '../../status-error.ts'
import { fieldDuplicate, fieldTooMany } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'

type Rule<T> = (item: T, path: FieldPath) => FieldError[]

/** A list of at most `max` items; too long a list is not looked into. */
export function validateList<T>(
  items: readonly T[] | undefined,
  max: number,
  rule: Rule<T>,
  path: FieldPath,
): FieldError[] {
  if (!items) return []
  if (items.length > max) return [fieldTooMany(path, items.length, max)]
  return items.flatMap((item, i) => rule(item, path.index(i)))
}

/** The same for items of which no two may have the same key. */
export function validateSet<T>(
  items: readonly T[] | undefined,
  max: number,
  rule: Rule<T>,
  keyOf: (item: T) => unknown,
  path: FieldPath,
): FieldError[] {
  const errors = validateList(items, max, rule, path)
  if (!items || items.length > max) return errors
  const keys = items.map(keyOf)
  const texts = keys.map((key) => JSON.stringify(key))
  return [
    ...errors,
    ...keys.flatMap((key, i) =>
      texts.indexOf(texts[i]!) < i ? [fieldDuplicate(path.index(i), key)] : [],
    ),
  ]
}

/** Keys and values of a map; long keys are cut in the middle where messages show them. */
export function validateMap<T>(
  entries: Readonly<Record<string, T>> | undefined,
  keyBytesMax: number,
  keyRule: Rule<string>,
  rule: Rule<T>,
  path: FieldPath,
): FieldError[] {
  return Object.entries(entries ?? {}).flatMap(([key, value]) => [
    ...keyRule(key, path),
    ...rule(value, path.key(shortened(key, keyBytesMax))),
  ])
}

function shortened(key: string, max: number): string {
  if (key.length <= max) return key
  const rest = max - 3
  return `${key.slice(0, Math.floor((rest + 1) / 2))}...${key.slice(key.length - Math.floor(rest / 2))}`
}
