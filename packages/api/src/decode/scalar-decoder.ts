import { normalizeQuantity, QuantityError } from '../quantity.ts'
import type { ScalarNode } from '../schema/schema-node.ts'
import { Base64Error, normalizeBase64 } from './base64.ts'
import { normalizeTime, TimeFormatError } from './go-time.ts'
import { JsonNumber, JsonObject } from './json-parser.ts'

/**
 * * A scalar read: its value in canonical form; `wrong` for a value of another type (`atOnce` where Go
 * stops there); `fatal` for a text that has the right type and cannot be read; `notation` when only the
 * number's text can tell.
 */
export type Reading =
  | { readonly form: 'value'; readonly value: unknown }
  | {
      readonly form: 'wrong'
      readonly got: string
      readonly wanted?: string
      readonly atOnce?: boolean
    }
  | { readonly form: 'fatal'; readonly message: string }
  | { readonly form: 'notation' }

type Kind = Exclude<ScalarNode['kind'], 'raw'>

const notation: Reading = { form: 'notation' }
const int32Max = 2_147_483_647

export function readScalar(kind: ScalarNode['kind'], input: unknown): Reading {
  switch (kind as Kind) {
    case 'string':
      return typeof input === 'string' ? { form: 'value', value: input } : wrong(input)
    case 'boolean':
      return typeof input === 'boolean' ? { form: 'value', value: input } : wrong(input)
    case 'int32':
    case 'int64':
      return readInteger(kind as 'int32' | 'int64', input)
    case 'double':
      return readDouble(input)
    case 'bytes':
      return readBytes(input)
    case 'quantity':
      return readQuantity(input)
    case 'time':
    case 'microTime':
      return readTime(kind as 'time' | 'microTime', input)
    case 'intOrString':
      return readIntOrString(input)
  }
}

function wrong(input: unknown): Reading {
  return { form: 'wrong', got: nameOf(input) }
}

function nameOf(input: unknown): string {
  if (Array.isArray(input)) return 'array'
  if (input instanceof JsonNumber) return 'number'
  if (input instanceof JsonObject) return 'object'
  return typeof input === 'boolean' ? 'bool' : typeof input
}

function readInteger(kind: 'int32' | 'int64', input: unknown): Reading {
  if (typeof input === 'number') {
    const fits = kind === 'int32' ? input >= -int32Max - 1 && input <= int32Max : true
    return Number.isSafeInteger(input) && fits ? { form: 'value', value: input } : notation
  }
  if (!(input instanceof JsonNumber)) return wrong(input)
  const value = Number(input.text)
  const fits = kind === 'int32' ? value >= -int32Max - 1 && value <= int32Max : true
  // Beyond 2^53 a JavaScript number is no longer exact: refused, though Go would take up to 2^63.
  if (/^-?\d+$/.test(input.text) && Number.isSafeInteger(value) && fits)
    return { form: 'value', value: value + 0 }
  return { form: 'wrong', got: `number ${input.text}` }
}

function readDouble(input: unknown): Reading {
  if (typeof input === 'number') return { form: 'value', value: input }
  return input instanceof JsonNumber ? { form: 'value', value: Number(input.text) } : wrong(input)
}

function readBytes(input: unknown): Reading {
  if (Array.isArray(input)) return readByteArray(input)
  if (typeof input !== 'string') return wrong(input)
  try {
    return { form: 'value', value: normalizeBase64(input) }
  } catch (error) {
    if (error instanceof Base64Error) return { form: 'fatal', message: error.message }
    throw error
  }
}

/** Go reads a list of numbers into bytes too. */
function readByteArray(input: readonly unknown[]): Reading {
  const bytes = input.map((item) => (item instanceof JsonNumber ? Number(item.text) : item))
  const bad = bytes.find((b) => !(Number.isInteger(b) && (b as number) >= 0 && (b as number) < 256))
  if (bad === undefined)
    return { form: 'value', value: Buffer.from(bytes as number[]).toString('base64') }
  const got = typeof bad === 'number' ? `number ${bad}` : nameOf(bad)
  return { form: 'wrong', got, wanted: 'uint8' }
}

function readQuantity(input: unknown): Reading {
  if (typeof input === 'number' && !Number.isSafeInteger(input)) return notation
  try {
    return { form: 'value', value: normalizeQuantity(quantityText(input).trim()) }
  } catch (error) {
    if (error instanceof QuantityError) return { form: 'fatal', message: error.message }
    throw error
  }
}

/** Upstream reads the raw bytes: a list or an object is a text that is no quantity. */
function quantityText(input: unknown): string {
  if (input instanceof JsonNumber) return input.text
  if (typeof input === 'string') return input
  return typeof input === 'object' ? '{' : JSON.stringify(input)
}

function readTime(kind: 'time' | 'microTime', input: unknown): Reading {
  if (typeof input !== 'string')
    return { form: 'wrong', got: nameOf(input), wanted: 'string', atOnce: true }
  try {
    return { form: 'value', value: normalizeTime(input, kind) }
  } catch (error) {
    if (error instanceof TimeFormatError) return { form: 'fatal', message: error.message }
    throw error
  }
}

function readIntOrString(input: unknown): Reading {
  if (typeof input === 'string') return { form: 'value', value: input }
  const reading = readInteger('int32', input)
  return reading.form === 'wrong' ? { ...reading, wanted: 'int32', atOnce: true } : reading
}
