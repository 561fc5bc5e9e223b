import { decodeValue, parseJson } from '../decode/decode-text.ts'
import type { Decoded } from '../decode/decode-text.ts'
import { strictErrorText } from '../decode/decode-object.ts'
import type { DecodedObject, ExpectedType, FieldValidation } from '../decode/decode-object.ts'
import { findDuplicateKeys } from '../decode/duplicate-keys.ts'
import { JsonSyntaxError } from '../decode/json-parser.ts'
import { DecodeError } from '../decode/object-decoder.ts'
import { mismatchText } from '../decode/type-mismatch.ts'
import { goJson } from '../go-text.ts'
import type { KubeObject } from '../object.ts'
import { apiVersionOf, parseApiVersion } from '../resource-type.ts'
import { catalogue } from '../schema/catalogue.ts'
import { badRequest, invalid, plainError, statusError } from '../status-error.ts'
import type { StatusError } from '../status-error.ts'
import { fieldInvalid } from '../validation/field-error.ts'
import { fieldPath } from '../validation/field-path.ts'
import { formatGoValue } from './go-value.ts'
import { applyJsonPatch, JsonPatchError } from './json-patch.ts'
import { readJsonPatch } from './json-patch-reader.ts'
import { applyMergePatch } from './merge-patch.ts'
import { PatchError } from './patch-error.ts'
import { applyStrategicMergePatch } from './strategic-merge-patch.ts'

/** The media types of patches that change an object. */
export type PatchMediaType =
  | 'application/json-patch+json'
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'

export interface PatchRequest {
  readonly body: string
  readonly mediaType: PatchMediaType
  readonly expected: ExpectedType
  /** The object as it is stored, in the version of the request; it is not changed. */
  readonly current: KubeObject
  readonly fieldValidation: FieldValidation
}

/**
 * * The object after the patch, before defaults and admission; its name and namespace are not checked.
 * Throws StatusErrors with upstream's words. Upstream counterpart: endpoints/handlers/patch.go.
 */
export function patchObject(request: PatchRequest): DecodedObject {
  const { decoded, shown } = applyPatch(request)
  const { fieldValidation, expected } = request
  const object = withType(decoded.object, expected)
  const { strictErrors } = decoded
  if (fieldValidation === 'Ignore' || strictErrors.length === 0) return { object, warnings: [] }
  if (fieldValidation === 'Warn') return { object, warnings: strictErrors }
  throw invalidPatch(shown(), strictErrorText(strictErrors))
}

interface Patched {
  readonly decoded: Decoded
  /** What messages show: the patched object, or the patch. */
  readonly shown: () => string
}

function applyPatch(request: PatchRequest): Patched {
  switch (request.mediaType) {
    case 'application/json-patch+json':
      return applyJson(request)
    case 'application/merge-patch+json':
      return applyMerge(request)
    case 'application/strategic-merge-patch+json':
      return applyStrategic(request)
  }
}

function applyJson({ body, current, expected }: PatchRequest): Patched {
  const { operations, strictErrors } = readJsonPatch(body)
  try {
    return decodePatched(applyJsonPatch(current, operations), strictErrors, expected)
  } catch (error) {
    if (error instanceof JsonPatchError) throw unprocessable()
    throw error
  }
}

function applyMerge({ body, current, expected }: PatchRequest): Patched {
  const patch = readObject(body, 'error decoding patch: ')
  if (patch === null) throw badRequest('Invalid JSON Patch')
  return decodePatched(applyMergePatch(current, patch), findDuplicateKeys(body), expected)
}

/** The patched object is JSON to upstream, and read as a body is. */
function decodePatched(
  patched: unknown,
  strictErrors: readonly string[],
  expected: ExpectedType,
): Patched {
  const shown = (): string => goJson(sortedByKey(patched))
  const { kind = expected.kind, apiVersion = apiVersionOf(expected) } = (patched ??
    {}) as Partial<KubeObject>
  if (kind !== expected.kind || apiVersion !== apiVersionOf(expected)) {
    const stated = { ...parseApiVersion(apiVersion), kind }
    throw invalidPatch(shown(), mismatchText(stated, expected))
  }
  const decoded = decodeOr(shown, () => {
    return decodeValue(catalogue().definition(expected.schema), patched)
  })
  const all = [...strictErrors, ...decoded.strictErrors]
  return { decoded: { ...decoded, strictErrors: all }, shown }
}

/** Upstream's patch library takes the outermost object apart, and Go writes maps by key. */
function sortedByKey(patched: unknown): unknown {
  if (typeof patched !== 'object' || patched === null) return patched
  return Object.fromEntries(Object.entries(patched).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function applyStrategic({ body, current, expected }: PatchRequest): Patched {
  const patch = readObject(body, '') ?? {}
  const definition = catalogue().definition(expected.schema)
  const duplicates = findDuplicateKeys(body)
  const shown = (): string => formatGoValue(patch)
  const patched = strategically(() => {
    return applyStrategicMergePatch(
      current as unknown as Record<string, unknown>,
      patch,
      definition,
    )
  })
  const decoded = decodeOr(shown, () => decodeValue(definition, patched, 'unstructured'))
  const strictErrors = [...duplicates, ...decoded.strictErrors]
  return { decoded: { ...decoded, strictErrors }, shown }
}

function strategically<T>(apply: () => T): T {
  try {
    return apply()
  } catch (error) {
    if (!(error instanceof PatchError)) throw error
    if (error.answer === 'BadRequest') throw badRequest(error.message)
    throw error.answer === 'Unprocessable' ? unprocessable() : plainError(error.message)
  }
}

function decodeOr(shown: () => string, decode: () => Decoded): Decoded {
  try {
    return decode()
  } catch (error) {
    if (error instanceof DecodeError) throw invalidPatch(shown(), error.message)
    throw error
  }
}

/** A JSON object, or null. */
function readObject(body: string, prefix: string): Record<string, unknown> | null {
  try {
    const value = parseJson(body)
    if (value === null || (typeof value === 'object' && !Array.isArray(value)))
      return value as Record<string, unknown> | null
    const got = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
    throw new DecodeError(
      `json: cannot unmarshal ${got} into Go value of type map[string]interface {}`,
    )
  } catch (error) {
    if (error instanceof DecodeError || error instanceof JsonSyntaxError)
      throw badRequest(`${prefix}${error.message}`)
    throw error
  }
}

function invalidPatch(shown: string, why: string): StatusError {
  return invalid('', '', '', [fieldInvalid(fieldPath('patch'), shown, why)])
}

/** NewGenericServerResponse(422): the reason is for the server's log only. */
function unprocessable(): StatusError {
  return statusError(
    'Invalid',
    'the server rejected our request due to an error in our request',
    {},
  )
}

function withType(object: Record<string, unknown>, expected: ExpectedType): KubeObject {
  const type = { kind: expected.kind, apiVersion: apiVersionOf(expected) }
  return { ...type, ...object, ...type } as unknown as KubeObject
}
