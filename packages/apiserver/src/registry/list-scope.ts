import { badRequest, parseSelector, SelectorError } from '@kemu/api'
import type { Selector } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { StoredObject } from '../cache/stored-object.ts'
import type { WatchScope } from '../cache/watcher.ts'
import { parseFieldSelector } from './field-selector.ts'
import type { FieldTerm } from './field-selector.ts'
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
  const terms = await parseFieldSelector(definition, options.fieldSelector)
  const equal = (field: string): string | undefined =>
    terms.find((term) => term.field === field && !term.negated)?.value
  const indexed = indexedField === undefined ? undefined : equal(indexedField)
  return {
    namespace: path.namespace,
    name: path.name !== '' ? path.name : (equal('metadata.name') ?? ''),
    ...(indexed !== undefined && indexed !== '' && { indexed }),
    matches: matcher(path, labels, terms),
  }
}

function matcher(
  { namespace, name }: ResourcePath,
  labels: Selector,
  terms: readonly FieldTerm[],
): (object: StoredObject) => boolean {
  const everything = labels.empty && terms.length === 0
  return (object) =>
    (namespace === '' || object.namespace === namespace) &&
    (name === '' || object.name === name) &&
    (everything ||
      (labels.matches(object.labels) && terms.every((term) => fieldHolds(term, object))))
}

function fieldHolds({ field, value, negated }: FieldTerm, object: StoredObject): boolean {
  return (fieldOf(object, field) === value) !== negated
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
    if (!(error instanceof SelectorError)) throw error
    throw badRequest(
      `unable to parse requirement: ${error.message.replace(/^unable to parse requirement: /, '')}`,
    )
  }
}
