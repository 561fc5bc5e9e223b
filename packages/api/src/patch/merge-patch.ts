import { setKey } from '../decode/json-parser.ts'

type Json = Record<string, unknown>

/**
 * * JSON merge patch (RFC 7386): null removes, objects merge, everything else replaces. Neither argument is
 * changed. As in the library that upstream uses, nulls in what is added are dropped, also inside lists.
 */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(document)) return pruneNulls(patch)
  if (!isObject(patch)) return patch
  const merged: Json = { ...document }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else if (Object.hasOwn(merged, key) && merged[key] !== null)
      setKey(merged, key, applyMergePatch(merged[key], value))
    else setKey(merged, key, pruneNulls(value))
  }
  return merged
}

function pruneNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruneNulls)
  if (!isObject(value)) return value
  const pruned: Json = {}
  for (const [key, inner] of Object.entries(value))
    if (inner !== null) setKey(pruned, key, pruneNulls(inner))
  return pruned
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
