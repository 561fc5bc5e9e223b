import { badRequest, deepCopy, formatTime } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { FieldManager } from '@kemu/api/managed-fields'
import type { Operation } from '../request/api-request.ts'
import { expectedOf } from './body-decoder.ts'
import type { Transform } from './transform.ts'
import type { WriteContext } from './write-context.ts'

type PatchOperation = Extract<Operation, { verb: 'patch' }>

const managers = new WeakMap<KindDefinition, Map<string, FieldManager>>()

/** The keeper of field ownership for one kind and subresource; its code is loaded when first used. */
async function managerOf(definition: KindDefinition, subresource: string): Promise<FieldManager> {
  const { FieldManager, resetFieldsOf } = await import('@kemu/api/managed-fields')
  const known = managers.get(definition) ?? new Map<string, FieldManager>()
  managers.set(definition, known)
  let manager = known.get(subresource)
  if (!manager) {
    const resetFields = resetFieldsOf(definition, subresource)
    manager = new FieldManager({ type: expectedOf(definition), subresource, resetFields })
    known.set(subresource, manager)
  }
  return manager
}

/** Server-side apply: makes what the configuration wants, of the present object or of none. */
export async function applyTransform(
  definition: KindDefinition,
  { body, force, options }: PatchOperation,
  write: WriteContext,
): Promise<Transform> {
  const { readConfiguration } = await import('@kemu/api/managed-fields')
  const manager = await managerOf(definition, write.path.subresource)
  const { config, warnings, refusal } = readConfiguration(body.bytes.toString())
  checkPlace(config, write)
  return (old) => {
    const time = formatTime(write.nowMs)
    const object = manager.apply(old, deepCopy(config), {
      manager: options.fieldManager,
      time,
      force,
    })
    if (refusal && options.fieldValidation === 'Strict') throw refusal
    if (options.fieldValidation !== 'Ignore') write.warnings.push(...warnings)
    definition.strategy.setDefaults(object)
    if (!old) object.metadata.name = write.path.name
    return object
  }
}

/** Who owns which field of a new or changed object. An object that came without managers has none later. */
export async function withManagers(
  definition: KindDefinition,
  object: KubeObject,
  old: KubeObject | undefined,
  write: WriteContext,
): Promise<KubeObject> {
  if (old && (old.metadata.managedFields ?? []).length === 0) {
    delete object.metadata.managedFields
    return object
  }
  const manager = await managerOf(definition, write.path.subresource)
  return manager.update(old, object, {
    manager: write.fieldManager,
    time: formatTime(write.nowMs),
  })
}

function checkPlace({ metadata }: KubeObject, { path }: WriteContext): void {
  const { name, namespace }: Partial<KubeObject['metadata']> = metadata ?? {}
  if (name && name !== path.name) {
    throw badRequest(
      `the name of the object (${name}) does not match the name on the URL (${path.name})`,
    )
  }
  if (namespace && namespace !== path.namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
  }
}

/** An object without the times at which its fields were last written: they alone are no change. */
export function withoutTimes(object: KubeObject): KubeObject {
  const { managedFields } = object.metadata
  if (!managedFields) return object
  const timeless = managedFields.map(({ time: _time, ...entry }) => entry)
  return { ...object, metadata: { ...object.metadata, managedFields: timeless } }
}
