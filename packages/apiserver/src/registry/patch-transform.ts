import { badRequest, deepCopy, statusError } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { Operation } from '../request/api-request.ts'
import type { Transform } from './object-updater.ts'
import type { Scale } from './scale.ts'
import type { WriteContext } from './write-context.ts'

export type PatchOperation = Extract<Operation, { verb: 'patch' }>

/** Makes what the patch wants of the present object, decoded again and with defaults. */
export async function patchTransform(
  definition: KindDefinition,
  operation: PatchOperation,
  write: WriteContext,
): Promise<Transform> {
  const { decodeValue, catalogue } = await import('@kemu/api/schema')
  const apply = readPatch(operation)
  const schema = catalogue().definition(definition.schema)
  return (old) => {
    const patched = apply(deepCopy(old!))
    const decoded = decodeValue(schema, patched)
    report(operation, decoded.strictErrors, write)
    const object = decoded.object as unknown as KubeObject
    definition.strategy.setDefaults(object)
    if (object.metadata.name !== old!.metadata.name) {
      throw badRequest(
        `the name of the object (${object.metadata.name}) does not match the name on the URL (${write.path.name})`,
      )
    }
    return object
  }
}

/** The same for a workload's Scale. */
export async function patchScale(operation: PatchOperation): Promise<(present: Scale) => Scale> {
  const apply = readPatch(operation)
  return (present) => apply(present) as Scale
}

function report(
  { options }: PatchOperation,
  strictErrors: readonly string[],
  { warnings }: WriteContext,
): void {
  if (strictErrors.length === 0 || options.fieldValidation === 'Ignore') return
  if (options.fieldValidation === 'Strict') {
    throw statusError('BadRequest', `strict decoding error: ${strictErrors.join(', ')}`)
  }
  warnings.push(...strictErrors)
}

function readPatch({ type, body }: PatchOperation): (present: unknown) => unknown {
  if (type !== 'merge') {
    throw statusError('UnsupportedMediaType', `patches of type ${type} are not served yet`)
  }
  let patch: unknown
  try {
    patch = JSON.parse(body.bytes.toString())
  } catch (error) {
    throw badRequest(`error decoding patch: ${String(error)}`)
  }
  return (present) => mergePatch(present, patch)
}

/** RFC 7386. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {}
  const result: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = mergePatch(result[key], value)
  }
  return result
}
