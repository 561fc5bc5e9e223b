import { badRequest, FieldSelector, parseFieldSelector, SelectorError } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'

const alwaysSelectable = new Set(['metadata.name', 'metadata.namespace'])

/**
 * A field selector of fields that the kind offers; others are refused in the words of upstream's
 * conversion functions.
 */
export async function readFieldSelector(
  definition: KindDefinition,
  text: string,
): Promise<FieldSelector> {
  if (text === '') return FieldSelector.everything
  const selector = parse(text)
  const others = selector.requirements.filter(({ field }) => !alwaysSelectable.has(field))
  if (others.length === 0) return selector
  const offered = await fieldNamesOf(definition)
  for (const { field } of others) {
    if (offered.has(field)) continue
    throw badRequest(unsupported(definition, field))
  }
  return selector
}

/** Job's conversion function has words of its own; claims and volumes have none but the default. */
function unsupported(definition: KindDefinition, field: string): string {
  const { type } = definition
  if (type.resource === 'jobs') return `field label "${field}" not supported for Job`
  if (definition.selectableFields && !type.resource.startsWith('persistentvolume'))
    return `field label not supported: ${field}`
  return `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
}

function parse(text: string): FieldSelector {
  try {
    return parseFieldSelector(text)
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message)
    throw error
  }
}

const fieldNames = new WeakMap<KindDefinition, ReadonlySet<string>>()

/** A kind's selectable fields are those of an object that has nothing set. */
async function fieldNamesOf(definition: KindDefinition): Promise<ReadonlySet<string>> {
  const known = fieldNames.get(definition)
  if (known) return known
  const { catalogue, decodeValue } = await import('@kemu/api/schema')
  const empty = decodeValue(catalogue().definition(definition.schema), {}).object
  const names = new Set(
    Object.keys(definition.selectableFields?.(empty as unknown as KubeObject) ?? {}),
  )
  fieldNames.set(definition, names)
  return names
}
