import { invalid, statusError } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { DecodedObject, ExpectedType, FieldValidation } from '@kemu/api/schema'
import { validateWriteOptions } from '@kemu/api/validation'
import type { Body } from '../request/api-request.ts'
import type { WriteOptions } from '../request/options.ts'

/** Media types that a body may come in. */
export const bodyMediaTypes = ['application/json', 'application/yaml'] as const

type BodyMediaType = (typeof bodyMediaTypes)[number]

/** Loads the schema of all types at the first body: it costs some megabytes and milliseconds. */
const schema = (): Promise<typeof import('@kemu/api/schema')> => import('@kemu/api/schema')

/** A body as an object of its kind with defaults set; complaints that only warn go to `warnings`. */
export async function decodeBody(
  definition: KindDefinition,
  body: Body,
  options: WriteOptions,
  warnings: string[],
): Promise<KubeObject> {
  checkWriteOptions(options, optionsKindOf('create'))
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
  const decoded: DecodedObject = decodeObject({
    body: body.bytes.toString(),
    mediaType: mediaTypeOf(body),
    expected,
    fieldValidation: (fieldValidation || 'Warn') as FieldValidation,
  })
  warnings.push(...decoded.warnings)
  return decoded.object
}

export function expectedOf({ type, schema: name }: KindDefinition): ExpectedType {
  return { group: type.group, version: type.version, kind: type.kind, schema: name }
}

/** Throws Invalid for options that are none. */
export function checkWriteOptions(options: WriteOptions, kind: string): void {
  const errors = validateWriteOptions(options)
  if (errors.length > 0) throw invalid('meta.k8s.io', kind, '', errors)
}

export function optionsKindOf(verb: 'create' | 'update' | 'patch'): string {
  return { create: 'CreateOptions', update: 'UpdateOptions', patch: 'PatchOptions' }[verb]
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
