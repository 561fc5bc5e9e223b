import { badRequest, parseSelector, SelectorError } from '@kemu/api'
import type { FieldSelector, Selector } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { StoredObject } from '../cache/stored-object.ts'
import type { WatchScope } from '../cache/watcher.ts'
import { readFieldSelector } from './field-selector.ts'
import type { ListOptions } from '../request/options.ts'
import type { ResourcePath } from '../request/api-request.ts'

/** Reads the selectors of a list or watch. Throws BadRequest in upstream's words. */
export async function scopeOf(
  definition: KindDefinition,
  path: ResourcePath,
  options: ListOptions,
  indexedField: string | undefined,
): Promise<WatchScope> {
  const labels = readLabelSelector(options.labelSelector)
  const fields = await readFieldSelector(definition, options.fieldSelector)
  const indexed = indexedField === undefined ? undefined : fields.requiredValue(indexedField)
  const namespace = path.namespace || (fields.requiredValue('metadata.namespace') ?? '')
  return {
    namespace,
    name: path.name !== '' ? path.name : (fields.requiredValue('metadata.name') ?? ''),
    ...(indexed !== undefined && indexed !== '' && { indexed }),
    matches: matcher({ namespace, name: path.name }, labels, fields),
  }
}

function matcher(
  { namespace, name }: Pick<ResourcePath, 'namespace' | 'name'>,
  labels: Selector,
  { requirements }: FieldSelector,
): (object: StoredObject) => boolean {
  const everything = labels.empty && requirements.length === 0
  return (object) =>
    (namespace === '' || object.namespace === namespace) &&
    (name === '' || object.name === name) &&
    (everything ||
      (labels.matches(object.labels) &&
        requirements.every(
          ({ field, operator, value }) => (fieldOf(object, field) === value) === (operator === '='),
        )))
}

function fieldOf(object: StoredObject, field: string): string {
  if (field === 'metadata.name') return object.name
  if (field === 'metadata.namespace') return object.namespace
  return object.fields[field] ?? ''
}

function readLabelSelector(text: string): Selector {
  try {
    return parseSelector(text)
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message)
    throw error
  }
}
