import { badRequest, invalid, statusError } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { DecodedObject, ExpectedType, FieldValidation } from '@kemu/api/schema'
import { validatePatchOptions, validateWriteOptions } from '@kemu/api/validation'
import { openEnvelope, protobufMediaType } from '../protobuf/envelope.ts'
import { decodeMessage } from '../protobuf/message-decoder.ts'
import { WireError } from '../protobuf/wire-reader.ts'
import type { Body, Operation } from '../request/api-request.ts'
import type { DeleteOptions, WriteOptions } from '../request/options.ts'

type PatchOperation = Extract<Operation, { verb: 'patch' }>

/** Media types that a body may come in. */
export const bodyMediaTypes = ['application/json', 'application/yaml', protobufMediaType] as const

type BodyMediaType = (typeof bodyMediaTypes)[number]

/** Loads the schema of all types at the first body: it costs some megabytes and milliseconds. */
const schema = (): Promise<typeof import('@kemu/api/schema')> => import('@kemu/api/schema')

/**
 * A body as an object of its kind with defaults set; complaints that only warn go to `warnings`.
 */
export async function decodeBody(
  definition: KindDefinition,
  body: Body,
  options: WriteOptions,
  warnings: string[],
): Promise<KubeObject> {
  checkWriteOptions(options, 'CreateOptions')
  const object = await decodeAs(expectedOf(definition), body, options, warnings)
  definition.strategy.setDefaults(object)
  return object
}

export async function decodeAs(
  expected: ExpectedType,
  body: Body,
  { fieldValidation }: WriteOptions,
  warnings: string[],
): Promise<KubeObject> {
  const { decodeObject } = await schema()
  const { text, mediaType } = await readText(expected, body)
  const decoded: DecodedObject = decodeObject({
    body: text,
    mediaType,
    expected,
    fieldValidation: (fieldValidation || 'Warn') as FieldValidation,
  })
  warnings.push(...decoded.warnings)
  return decoded.object
}

interface BodyText {
  readonly text: string
  readonly mediaType: 'application/json' | 'application/yaml'
}

/** Protobuf is turned into the JSON that it stands for, so that one decoder has the last word. */
async function readText(expected: ExpectedType, body: Body): Promise<BodyText> {
  const mediaType = mediaTypeOf(body)
  if (mediaType !== protobufMediaType) return { text: body.bytes.toString(), mediaType }
  const { catalogue } = await schema()
  try {
    const { apiVersion, kind, raw } = openEnvelope(body.bytes)
    const data = decodeMessage(catalogue().definition(expected.schema), raw)
    return {
      text: JSON.stringify({ ...data, kind, apiVersion }),
      mediaType: 'application/json',
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): ${error.message}`,
    )
  }
}

export function expectedOf({ type, schema: name }: KindDefinition): ExpectedType {
  return { group: type.group, version: type.version, kind: type.kind, schema: name }
}

/** The name in a body that replaces what is at a path. Throws BadRequest where it is another or none. */
export function checkUrlName(stated: string | undefined, name: string): void {
  if (!stated) {
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    )
  }
  if (stated === name) return
  throw badRequest(
    `the name of the object (${stated}) does not match the name on the URL (${name})`,
  )
}

/** Throws Invalid for options that are none. */
export function checkWriteOptions(options: WriteOptions, kind: string): void {
  const errors = validateWriteOptions(options)
  if (errors.length > 0) throw invalid('meta.k8s.io', kind, '', errors)
}

/** The same for a patch; an apply must say who applies. */
export function checkPatchOptions({ type, force, options }: PatchOperation): void {
  const stated = { ...options, ...(force && { force }) }
  const errors = validatePatchOptions(stated, type === 'apply')
  if (errors.length > 0) throw invalid('meta.k8s.io', 'PatchOptions', '', errors)
}

function mediaTypeOf({ contentType }: Body): BodyMediaType {
  const known = bodyMediaTypes.find((type) => type === contentType)
  if (known) return known
  if (contentType === '') return 'application/json'
  throw statusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${bodyMediaTypes.join(', ')}`,
  )
}

const deleteOptionsType: ExpectedType = {
  group: '',
  version: 'v1',
  kind: 'DeleteOptions',
  schema: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
}

/** The body of a delete request; an empty one says nothing. */
export async function decodeDeleteOptions(body: Body): Promise<DeleteOptions> {
  if (body.bytes.length === 0) return {}
  const options = { dryRun: [], fieldManager: '', fieldValidation: 'Ignore' }
  const {
    kind: _kind,
    apiVersion: _apiVersion,
    ...stated
  } = await decodeAs(deleteOptionsType, body, options, [])
  return stated as DeleteOptions
}
