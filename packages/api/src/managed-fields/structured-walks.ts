import { deepEqual } from '../object.ts'
import { FieldSet } from './field-set.ts'
import { fieldElement } from './path-element.ts'
import type { PathElement } from './path-element.ts'
import type { ListPlace, Place } from './place.ts'
import { entryPlace, isNamedField, placeBelow } from './place.ts'

type Path = readonly PathElement[]
export type JsonMap = Record<string, unknown>

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asMap(value: unknown): JsonMap {
  return isMap(value) ? value : {}
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isEmpty(place: Place, value: unknown): boolean {
  return place.form === 'list' ? asList(value).length === 0 : Object.keys(asMap(value)).length === 0
}

/** The fields that a configuration states: its leaves, items of lists and keys of maps. */
export function fieldSetOf(place: Place, value: unknown): FieldSet {
  const set = new FieldSet()
  collect(place, value, [], set)
  return set
}

function collect(place: Place, value: unknown, path: Path, set: FieldSet): void {
  if (place.form === 'leaf') {
    set.insert(path)
  } else if (place.form === 'list') {
    for (const [element, item] of itemsOf(place, value)) {
      collect(place.items, item, [...path, element], set)
      set.insert([...path, element])
    }
  } else {
    for (const [name, inner] of Object.entries(asMap(value))) {
      const at = [...path, fieldElement(name)]
      collect(entryPlace(place, name), inner, at, set)
      const isBare = inner === null || (isMap(inner) && Object.keys(inner).length === 0)
      if (isBare || !isNamedField(place, name)) set.insert(at)
    }
  }
}

/** The items of a list by element; of items with one element the first counts. */
function itemsOf(place: ListPlace, value: unknown): Map<PathElement, unknown> {
  const items = new Map<PathElement, unknown>()
  for (const item of asList(value)) {
    const element = place.element(item)
    if (!items.has(element)) items.set(element, item)
  }
  return items
}

/** How two objects differ. */
export interface Comparison {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

export function compareObjects(place: Place, old: unknown, changed: unknown): Comparison {
  const comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() }
  compare(place, old, changed, [], comparison)
  return comparison
}

/** undefined is a value that is not there. */
function compare(place: Place, old: unknown, now: unknown, path: Path, found: Comparison): void {
  if (place.form === 'leaf' || (isEmpty(place, old) && isEmpty(place, now))) {
    if (old === undefined) found.added.insert(path)
    else if (now === undefined) found.removed.insert(path)
    else if (!deepEqual(old, now)) found.modified.insert(path)
    return
  }
  const [before, after] =
    place.form === 'list'
      ? [itemsOf(place, old), itemsOf(place, now)]
      : [entriesOf(old), entriesOf(now)]
  for (const element of new Set([...before.keys(), ...after.keys()])) {
    const inner = placeBelow(place, element)
    compare(inner, before.get(element), after.get(element), [...path, element], found)
  }
  if (old === undefined) found.added.insert(path)
  else if (now === undefined) found.removed.insert(path)
}

function entriesOf(value: unknown): Map<PathElement, unknown> {
  return new Map(Object.entries(asMap(value)).map(([name, inner]) => [fieldElement(name), inner]))
}

/** The live object with what the configuration states. */
export function mergeObjects(place: Place, live: unknown, config: unknown): unknown {
  if (config === undefined) return live
  if (live === undefined) return config
  if (place.form === 'leaf' || (isEmpty(place, live) && isEmpty(place, config))) return config
  if (place.form === 'list') return mergeLists(place, live, config)
  const merged: JsonMap = { ...asMap(live) }
  for (const [name, inner] of Object.entries(asMap(config)))
    merged[name] = mergeObjects(entryPlace(place, name), merged[name], inner)
  return merged
}

/**
 * * Items that both lists have come in the configuration's order; what only one list has keeps its place
 * before the next shared item.
 */
function mergeLists(place: ListPlace, live: unknown, config: unknown): unknown[] {
  const ours = itemsOf(place, live)
  const theirs = itemsOf(place, config)
  const left = [...ours.keys()]
  const right = [...theirs.keys()]
  const shared = right.filter((element) => ours.has(element))
  const taken = new Set<PathElement>()
  const merged: unknown[] = []
  const take = (element: PathElement): void => {
    taken.add(element)
    if (shared[0] === element) shared.shift()
    merged.push(mergeObjects(place.items, ours.get(element), theirs.get(element)))
  }
  while (left.length > 0 || right.length > 0) {
    const [ourNext, theirNext] = [left[0], right[0]]
    if (ourNext !== undefined && !theirs.has(ourNext)) take(left.shift()!)
    else if (ourNext !== undefined && (taken.has(ourNext) || ourNext !== shared[0])) left.shift()
    else if (theirNext !== undefined) {
      if (theirNext === ourNext) left.shift()
      take(right.shift()!)
    } else left.shift()
  }
  return merged
}

/** The object without the paths of the set; what is left without items or entries goes too. */
export function removeFields(place: Place, value: unknown, set: FieldSet): unknown {
  if (place.form === 'leaf') return value
  if (place.form === 'list') {
    const items = asList(value).flatMap((item) => {
      const element = place.element(item)
      if (set.has(element)) return []
      const below = set.below(element)
      return [below ? removeFields(place.items, item, below) : item]
    })
    return items.length > 0 ? items : undefined
  }
  const kept: JsonMap = {}
  for (const [name, inner] of Object.entries(asMap(value))) {
    const element = fieldElement(name)
    if (set.has(element)) continue
    const below = set.below(element)
    const rest = below ? removeFields(entryPlace(place, name), inner, below) : inner
    if (rest !== undefined) kept[name] = rest
  }
  return Object.keys(kept).length > 0 ? kept : undefined
}

/**
 * The set with the named fields that lead to its paths; a set of a.b.c then has a too, unless a is a key of
 * a map.
 */
export function withNamedFields(place: Place, set: FieldSet): FieldSet {
  const result = new FieldSet()
  for (const path of set.paths()) {
    result.insert(path)
    let at = place
    path.slice(0, -1).forEach((element, i) => {
      if (element.startsWith('f:') && isNamedField(at, element.slice(2)))
        result.insert(path.slice(0, i + 1))
      at = placeBelow(at, element)
    })
  }
  return result
}
