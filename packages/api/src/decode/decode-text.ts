import type { Definition } from '../schema/schema-node.ts'
import { JsonSyntaxError, parseJsonTree } from './json-parser.ts'
import { scanJson } from './json-scan.ts'
import { NeedsNotation, ObjectDecoder } from './object-decoder.ts'
import type { Words } from './object-decoder.ts'

export interface Decoded {
  readonly object: Record<string, unknown>
  /** `unknown field "spec.foo"`, `duplicate field "data.a"`, in the order of the text. */
  readonly strictErrors: readonly string[]
}

/**
 * * Reads JSON into an object of that definition. Throws JsonSyntaxError or DecodeError.
 *
 * The quick road is JSON.parse; it loses duplicate keys and the notation of numbers, so where the text may
 * have them it is read again by the exact parser.
 */
export function decodeText(definition: Definition, text: string): Decoded {
  const plain = tryParse(text)
  const scan = plain === undefined ? undefined : scanJson(text)
  if (scan && !scan.hasFractions) {
    const decoder = new ObjectDecoder()
    try {
      const object = decoder.decode(definition, plain)
      if (decoder.keyCount === scan.keyCount) return { object, strictErrors: decoder.strictErrors }
    } catch (error) {
      if (!(error instanceof NeedsNotation)) throw error
    }
  }
  return decodeExactly(definition, text)
}

function decodeExactly(definition: Definition, text: string): Decoded {
  const decoder = new ObjectDecoder()
  const object = decoder.decode(definition, parseJsonTree(text))
  return { object, strictErrors: decoder.strictErrors }
}

/** Data that was parsed before (YAML, a patched object). Throws DecodeError. */
export function decodeValue(
  definition: Definition,
  value: unknown,
  words: Words = 'json',
): Decoded {
  const decoder = new ObjectDecoder(words)
  try {
    return { object: decoder.decode(definition, value), strictErrors: decoder.strictErrors }
  } catch (error) {
    if (!(error instanceof NeedsNotation)) throw error
    return decodeExactly(definition, JSON.stringify(value))
  }
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Any JSON, with Go's words for what is none. */
export function parseJson(text: string): unknown {
  const plain = tryParse(text)
  if (plain !== undefined) return plain
  parseJsonTree(text)
  throw new JsonSyntaxError('invalid JSON')
}
