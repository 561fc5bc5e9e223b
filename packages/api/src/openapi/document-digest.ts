import { createHash } from 'node:crypto'

/**
 * Short digests of every path and definition of a document, so that a recording of the real server's
 * needs none of its text. Prose stays out: the models lack some of it. For tests and for
 * scripts/record-openapi.ts.
 */
export interface DocumentDigest {
  readonly paths: Readonly<Record<string, string>>
  readonly definitions: Readonly<Record<string, string>>
}

interface AnyDocument {
  readonly paths: Record<string, unknown>
  readonly definitions?: Record<string, unknown>
  readonly components?: { readonly schemas?: Record<string, unknown> }
}

export function digestDocument(document: unknown): DocumentDigest {
  const { paths, definitions, components } = document as AnyDocument
  return {
    paths: digestEach(paths),
    definitions: digestEach(definitions ?? components?.schemas ?? {}),
  }
}

function digestEach(parts: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]) => {
      const text = JSON.stringify(canonical(part))
      return [name, createHash('sha256').update(text).digest('hex').slice(0, 12)]
    }),
  )
}

/**
 * Keys in order; no descriptions but of operations, which name what they do; no names made of prose. A reference
 * that stands in an `allOf` only for the sake of its description is the reference.
 */
function canonical(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^(#\/parameters\/\w+)-.*/, '$1')
  if (Array.isArray(value)) return value.map(canonical)
  if (value === null || typeof value !== 'object') return value
  const isOperation = 'operationId' in value
  const entries = Object.entries(value)
    .filter(([key, inner]) => key !== 'description' || isOperation || typeof inner === 'object')
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const [only, ...others] = entries
  if (
    others.length === 0 &&
    only?.[0] === 'allOf' &&
    Array.isArray(only[1]) &&
    only[1].length === 1
  )
    return canonical(only[1][0])
  return Object.fromEntries(entries.map(([key, inner]) => [key, canonical(inner)]))
}
