import { badRequest } from '../status-error.ts'
import type { KubeObject } from '../object.ts'
import { apiVersionOf, parseApiVersion } from '../resource-type.ts'
import { catalogue } from '../schema/catalogue.ts'
import type { Decoded } from './decode-text.ts'
import { decodeText, decodeValue, parseJson } from './decode-text.ts'
import { JsonSyntaxError } from './json-parser.ts'
import { isOtherVersion } from './known-versions.ts'
import { DecodeError } from './object-decoder.ts'
import { mismatchText } from './type-mismatch.ts'
import type { ExpectedType, StatedType } from './type-mismatch.ts'
import { readYamlSource, splitYamlWarnings, YamlError } from './yaml-source.ts'

export type { ExpectedType } from './type-mismatch.ts'

/** What to do with unknown and duplicate fields: drop them, drop and warn, or refuse. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

export interface DecodeRequest {
  readonly body: string
  readonly mediaType: 'application/json' | 'application/yaml'
  readonly expected: ExpectedType
  readonly fieldValidation: FieldValidation
}

export interface DecodedObject {
  readonly object: KubeObject
  /** One for each unknown or duplicate field, when they are warned of. */
  readonly warnings: readonly string[]
}

/**
 * * The body of a writing request as an object of the expected type; no defaults are set. Throws a
 * BadRequest with upstream's words for what it cannot read. Upstream counterpart: the decoding part of
 * endpoints/handlers/create.go.
 */
export function decodeObject(request: DecodeRequest): DecodedObject {
  const source = openSource(request)
  const { expected, fieldValidation } = request
  const stated = readType(source, request)
  checkType(stated, expected)
  const { object, strictErrors } = decodeSource(source, stated, expected)
  const typed = withType(object, expected)
  if (fieldValidation === 'Ignore' || strictErrors.length === 0)
    return { object: typed, warnings: [] }
  if (fieldValidation === 'Warn')
    return { object: typed, warnings: strictErrors.flatMap(splitYamlWarnings) }
  throw cannotHandle(stated, expected, strictErrorText(strictErrors))
}

/** How upstream joins them (runtime.strictDecodingError). */
export function strictErrorText(strictErrors: readonly string[]): string {
  return `strict decoding error: ${strictErrors.join(', ')}`
}

/** JSON stays text, since its duplicates matter; YAML is data, with what its strict reader complains of. */
interface Source {
  readonly text?: string
  readonly value: unknown
  readonly strictErrors: readonly string[]
}

function openSource(request: DecodeRequest): Source {
  const { body, mediaType, expected } = request
  try {
    if (mediaType === 'application/yaml') return readYamlSource(body)
    return { text: body, value: parseJson(body), strictErrors: [] }
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      throw unrecognized(
        expected,
        `couldn't get version/kind; json parse error: ${error.message}`,
        body,
      )
    if (error instanceof YamlError) throw unrecognized(expected, error.message, body)
    throw error
  }
}

/** The type that the body names; what it leaves out is the expected one's. */
function readType(source: Source, { body, expected }: DecodeRequest): StatedType {
  const { value } = source
  const fail = (got: string, where: string): never => {
    const error = `couldn't get version/kind; json parse error: json: cannot unmarshal ${got} into ${where}`
    throw unrecognized(expected, error, body)
  }
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    const struct = String.raw`struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`
    return fail(jsonTypeOf(value), `Go value of type ${struct}`)
  }
  const fields = (value ?? {}) as Record<string, unknown>
  const read = (name: 'apiVersion' | 'kind'): string => {
    const field = fields[name] ?? ''
    return typeof field === 'string'
      ? field
      : fail(jsonTypeOf(field), `Go struct field .${name} of type string`)
  }
  const apiVersion = read('apiVersion')
  const kind = read('kind') || expected.kind
  if (apiVersion.split('/').length > 2)
    throw unrecognized(expected, `unexpected GroupVersion string: ${apiVersion}`, body)
  const { group, version } = apiVersion === '' ? expected : parseApiVersion(apiVersion)
  return { group, version, kind }
}

function checkType(stated: StatedType, expected: ExpectedType): void {
  const { group, version, kind } = stated
  if (group === expected.group && version === expected.version && kind === expected.kind) return
  const shared = expected.schema === deleteOptions && kind === expected.kind
  if (shared) return
  if (isOtherVersion(stated, expected)) {
    const wanted = apiVersionOf(expected)
    const text = `the API version in the data (${apiVersionOf(stated)}) does not match the expected API version (${wanted})`
    throw badRequest(text)
  }
  throw cannotHandle(stated, expected, mismatchText(stated, expected))
}

/** Every group has it, and it means the same in each. */
const deleteOptions = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'

function decodeSource(source: Source, stated: StatedType, expected: ExpectedType): Decoded {
  const definition = catalogue().definition(expected.schema)
  try {
    const decoded =
      source.text === undefined
        ? decodeValue(definition, source.value)
        : decodeText(definition, source.text)
    return { ...decoded, strictErrors: [...source.strictErrors, ...decoded.strictErrors] }
  } catch (error) {
    if (error instanceof DecodeError) throw cannotHandle(stated, expected, error.message)
    throw error
  }
}

/** Kind and apiVersion come first, as the server writes them. */
function withType(object: Record<string, unknown>, expected: ExpectedType): KubeObject {
  const type = { kind: expected.kind, apiVersion: apiVersionOf(expected) }
  return { ...type, ...object, ...type } as unknown as KubeObject
}

function cannotHandle(stated: StatedType, expected: ExpectedType, why: string): Error {
  const { kind, version } = stated
  return badRequest(
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}: ${why}`,
  )
}

function unrecognized(expected: ExpectedType, why: string, body: string): Error {
  return badRequest(
    `the object provided is unrecognized (must be of type ${expected.kind}): ${why} (${summarize(body)})`,
  )
}

/** The first 30 bytes, as text when they look like JSON. */
function summarize(body: string): string {
  const bytes = Buffer.from(body)
  if (bytes.length === 0) return '<empty>'
  const start = bytes.subarray(0, 30)
  const shown = bytes[0] === 0x7b ? start.toString() : start.toString('hex')
  return bytes.length > 30 ? `${shown} ...` : shown
}

function jsonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
