import { badRequest, statusError } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { PatchMediaType } from '@kemu/api/patch'
import type { ExpectedType, FieldValidation } from '@kemu/api/schema'
import type { Operation } from '../request/api-request.ts'
import { expectedOf } from './body-decoder.ts'
import type { Transform } from './transform.ts'
import type { Scale } from './scale.ts'
import { scaleType } from './scale.ts'
import type { WriteContext } from './write-context.ts'

export type PatchOperation = Extract<Operation, { verb: 'patch' }>

/** Makes what the patch wants of the present object, decoded again and with defaults. */
export async function patchTransform(
  definition: KindDefinition,
  operation: PatchOperation,
  write: WriteContext,
): Promise<Transform> {
  const apply = await readPatch(operation, expectedOf(definition))
  return (old) => {
    const object = apply(old!, write.warnings)
    definition.strategy.setDefaults(object)
    checkIdentity(object, old!, write)
    return object
  }
}

/** The same for a workload's Scale. */
export async function patchScale(
  operation: PatchOperation,
  warnings: string[],
): Promise<(present: Scale) => Scale> {
  const apply = await readPatch(operation, scaleType)
  return (present) => apply(present, warnings)
}

const mediaTypes: Readonly<Record<'json' | 'merge' | 'strategic', PatchMediaType>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
}

async function readPatch(
  { type, body, options }: PatchOperation,
  expected: ExpectedType,
): Promise<(current: KubeObject, warnings: string[]) => KubeObject> {
  if (type === 'apply') {
    // Of a Scale, that is: whole objects are applied in field-management.ts.
    throw statusError(
      'UnsupportedMediaType',
      `server-side apply of a Scale is not emulated; accepted media types include: ${Object.values(mediaTypes).join(', ')}`,
    )
  }
  const { patchObject } = await import('@kemu/api/patch')
  const text = body.bytes.toString()
  const fieldValidation = (options.fieldValidation || 'Warn') as FieldValidation
  return (current, warnings) => {
    const patched = patchObject({
      body: text,
      mediaType: mediaTypes[type],
      expected,
      current,
      fieldValidation,
    })
    warnings.push(...patched.warnings)
    return patched.object
  }
}

function checkIdentity({ metadata }: KubeObject, old: KubeObject, { path }: WriteContext): void {
  if (metadata.name !== old.metadata.name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${path.name})`,
    )
  }
  if ((metadata.namespace ?? '') !== (old.metadata.namespace ?? '')) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
  }
}
