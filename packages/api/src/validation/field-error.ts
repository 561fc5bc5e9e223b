import { goJson, goQuote } from '../go-text.ts'
import type { FieldError } from '../status-error.ts'
import type { FieldPath } from './field-path.ts'

export type { FieldError } from '../status-error.ts'

/** The kinds of a FieldError (meta/v1 CauseType) and the words they begin with. */
const words = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueTypeInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooShort: 'Too short',
  FieldValueTooMany: 'Too many',
  FieldValueTooFew: 'Too few',
  InternalError: 'Internal error',
} as const

type ErrorType = keyof typeof words

/** What is missing: an empty string, list or pointer. */
export function fieldRequired(path: FieldPath, detail = ''): FieldError {
  return plain('FieldValueRequired', path, detail)
}

/** A value that breaks a rule. Strings are shown in quotes, objects as JSON. */
export function fieldInvalid(path: FieldPath, value: unknown, detail: string): FieldError {
  return valued('FieldValueInvalid', path, value, detail)
}

/** A value outside an enumeration. `supported` is listed as given: upstream sorts it. */
export function fieldNotSupported(
  path: FieldPath,
  value: unknown,
  supported: readonly string[],
): FieldError {
  const list = supported.map(goQuote).join(', ')
  const detail = list === '' ? '' : `supported values: ${list}`
  return valued('FieldValueNotSupported', path, value, detail)
}

/** Well formed, but not allowed as things are. */
export function fieldForbidden(path: FieldPath, detail: string): FieldError {
  return plain('FieldValueForbidden', path, detail)
}

export function fieldDuplicate(path: FieldPath, value: unknown): FieldError {
  return valued('FieldValueDuplicate', path, value, '')
}

export function fieldNotFound(path: FieldPath, value: unknown): FieldError {
  return valued('FieldValueNotFound', path, value, '')
}

/** Longer than `max` bytes. */
export function fieldTooLong(path: FieldPath, max: number): FieldError {
  return plain('FieldValueTooLong', path, `may not be more than ${count(max, 'byte')}`)
}

export function fieldTooMany(path: FieldPath, actual: number, max: number): FieldError {
  return valued('FieldValueTooMany', path, actual, `must have at most ${count(max, 'item')}`)
}

function plain(type: ErrorType, path: FieldPath, detail: string): FieldError {
  return { type, field: path.toString(), detail: withDetail(words[type], detail) }
}

function valued(type: ErrorType, path: FieldPath, value: unknown, detail: string): FieldError {
  const shown = typeof value === 'string' ? goQuote(value) : goJson(value)
  return { type, field: path.toString(), detail: withDetail(`${words[type]}: ${shown}`, detail) }
}

function withDetail(text: string, detail: string): string {
  return detail === '' ? text : `${text}: ${detail}`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
