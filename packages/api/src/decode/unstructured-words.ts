import type { ScalarNode } from '../schema/schema-node.ts'
import { readScalar } from './scalar-decoder.ts'
import type { Reading } from './scalar-decoder.ts'

/** `cannot restore slice from string`: a value of another form where a list, map or struct should be. */
export function describeMismatch(input: unknown, form: 'struct' | 'slice' | 'map'): string {
  return `cannot restore ${form} from${form === 'struct' ? ':' : ''} ${goKindOf(input)}`
}

/** Reads a scalar as runtime/converter.go does. */
export function readUnstructured(
  kind: ScalarNode['kind'],
  input: unknown,
  goType: () => string,
): Reading {
  if ((kind === 'int32' || kind === 'int64') && typeof input === 'number')
    return readNumber(kind, input, goType)
  const reading = readScalar(kind, input)
  switch (reading.form) {
    case 'value':
      return reading
    case 'notation':
      return { form: 'value', value: input }
    case 'fatal':
      return kind === 'bytes'
        ? { form: 'fatal', message: `error decoding from json: ${reading.message}` }
        : reading
    case 'wrong':
      return { form: 'fatal', message: describeWrong(kind, input, reading, goType) }
  }
}

/** Go converts between integer types without looking: what does not fit wraps. */
function readNumber(kind: 'int32' | 'int64', input: number, goType: () => string): Reading {
  if (!Number.isInteger(input))
    return { form: 'fatal', message: `cannot convert float64 to ${goType()}` }
  const bits = kind === 'int32' ? 32 : 64
  return { form: 'value', value: Number(BigInt.asIntN(bits, BigInt(input))) }
}

function describeWrong(
  kind: ScalarNode['kind'],
  input: unknown,
  reading: Extract<Reading, { form: 'wrong' }>,
  goType: () => string,
): string {
  if (reading.atOnce)
    return `json: cannot unmarshal ${reading.got} into Go value of type ${reading.wanted}`
  if (kind === 'bytes') return describeMismatch(input, 'slice')
  // Go can convert an integer to a string, and refuses it; of other pairs it knows nothing.
  if (kind === 'string' && Number.isInteger(input)) return `cannot convert int64 to ${goType()}`
  const names: Partial<Record<ScalarNode['kind'], string>> = { boolean: 'bool', double: 'float64' }
  return `unrecognized type: ${names[kind] ?? kind}`
}

function goKindOf(input: unknown): string {
  if (Array.isArray(input)) return 'slice'
  switch (typeof input) {
    case 'number':
      return Number.isInteger(input) ? 'int64' : 'float64'
    case 'boolean':
      return 'bool'
    case 'object':
      return 'map'
    default:
      return typeof input
  }
}
