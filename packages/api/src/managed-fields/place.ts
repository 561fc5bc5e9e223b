import type { Definition, Field, SchemaNode } from '../schema/schema-node.ts'
import { fieldElement, keyElement, valueElement } from './path-element.ts'
import type { PathElement } from './path-element.ts'

/**
 * * What structured merging must know of a place in an object. A leaf is owned and replaced as a whole:
 * scalars, atomic lists and maps, untyped data. Upstream counterpart: the schema that structured-merge-diff
 * makes of OpenAPI.
 */
export type Place = Leaf | StructPlace | MapPlace | ListPlace

interface Leaf {
  readonly form: 'leaf'
}

interface StructPlace {
  readonly form: 'struct'
  /** The place of a field; undefined for a field that the type does not have. */
  field(name: string): Place | undefined
}

interface MapPlace {
  readonly form: 'map'
  readonly values: Place
}

/** A list whose items are told apart by keys, or by their value where there are none (a set). */
export interface ListPlace {
  readonly form: 'list'
  readonly items: Place
  element(item: unknown): PathElement
}

const leaf: Leaf = { form: 'leaf' }

export function placeOf(definition: Definition): Place {
  return placeOfNode({ kind: 'object', definition }, undefined)
}

/** The place of a field's value, or of an item or entry, which have no field. */
export function placeOfNode(node: SchemaNode, field: Field | undefined): Place {
  switch (node.kind) {
    case 'object': {
      const { definition } = node
      const isAtomic = definition.mapType === 'atomic' || field?.mapType === 'atomic'
      return isAtomic ? leaf : structPlace(definition)
    }
    case 'map':
      return field?.mapType === 'atomic'
        ? leaf
        : { form: 'map', values: placeOfNode(node.values, undefined) }
    case 'list':
      return listPlace(node.items, field)
    default:
      return leaf
  }
}

const structs = new WeakMap<Definition, StructPlace>()

/** Types refer to themselves, so their fields' places are found when they are asked for. */
function structPlace(definition: Definition): StructPlace {
  const known = structs.get(definition)
  if (known) return known
  const places = new Map<string, Place>()
  const place: StructPlace = {
    form: 'struct',
    field(name) {
      const field = definition.fields?.get(name)
      if (!field) return undefined
      const inner = places.get(name) ?? placeOfNode(field.node, field)
      places.set(name, inner)
      return inner
    },
  }
  structs.set(definition, place)
  return place
}

function listPlace(items: SchemaNode, field: Field | undefined): Place {
  const inner = placeOfNode(items, undefined)
  switch (field?.listType) {
    case 'set':
      return { form: 'list', items: inner, element: valueElement }
    case 'map': {
      const keys = (field.listMapKeys ?? []).map((name) => ({
        name,
        preset: keyPreset(items, name),
      }))
      return { form: 'list', items: inner, element: (item) => keyOf(item, keys) }
    }
    case 'atomic':
    case undefined:
      return leaf
  }
}

interface Key {
  readonly name: string
  /** What counts when an item does not state it: ports are TCP. */
  readonly preset: unknown
}

/** What OpenAPI states: a default, or the zero value of a field that Go always writes. */
function keyPreset(items: SchemaNode, name: string): unknown {
  const field = items.kind === 'object' ? items.definition.fields?.get(name) : undefined
  if (field?.defaultValue !== undefined || field?.presence !== 'always') return field?.defaultValue
  return field.node.kind === 'string' ? '' : 0
}

/** An item of a list that cannot be told from others. */
export class ListKeyError extends Error {
  override name = 'ListKeyError'
}

function keyOf(item: unknown, keys: readonly Key[]): PathElement {
  if (typeof item !== 'object' || item === null || Array.isArray(item))
    throw new ListKeyError('associative list with keys may not have non-map elements')
  const stated = item as Record<string, unknown>
  const found = keys
    .map(({ name, preset }) => [name, stated[name] ?? preset] as const)
    .filter(([, value]) => value !== undefined)
  if (found.length > 0) return keyElement(Object.fromEntries(found))
  const names = keys.map(({ name }) => JSON.stringify(name)).join(' ')
  throw new ListKeyError(
    `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  )
}

/** The places of the entries of an object; those of unknown fields are leaves. */
export function entryPlace(place: StructPlace | MapPlace, name: string): Place {
  return place.form === 'map' ? place.values : (place.field(name) ?? leaf)
}

export function isNamedField(place: Place, name: string): boolean {
  return place.form === 'struct' && place.field(name) !== undefined
}

/** The place below an element of a path. */
export function placeBelow(place: Place, element: PathElement): Place {
  if (place.form === 'list') return place.items
  if (place.form === 'leaf' || !element.startsWith('f:')) return leaf
  return entryPlace(place, element.slice(fieldElement('').length))
}
