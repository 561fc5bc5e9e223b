import { setKey } from '../decode/json-parser.ts'
import type { Definition } from '../schema/schema-node.ts'
import { formatGoValue } from './go-value.ts'
import type { Item, JsonMap } from './patch-list.ts'
import {
  asList,
  checkOrder,
  checkSameType,
  isMap,
  mergeKeyOf,
  orderItems,
  partition,
} from './patch-list.ts'
import { PatchError } from './patch-error.ts'
import type { PatchField, PatchType } from './patch-type.ts'
import { lookUpField, lookUpList, patchTypeOf } from './patch-type.ts'

const directive = '$patch'
const retainKeys = '$retainKeys'
const deletePrefix = '$deleteFromPrimitiveList'
const orderPrefix = '$setElementOrder'

/**
 * * Strategic merge patch: like a merge patch, but lists whose type has a merge key merge item by item,
 * with directives in the patch (`$patch`, `$retainKeys`, `$deleteFromPrimitiveList/...`,
 * `$setElementOrder/...`). Neither argument is changed. Throws a PatchError with upstream's words. Upstream
 * counterpart: apimachinery's strategicpatch, StrategicMergeMapPatch.
 */
export function applyStrategicMergePatch(
  document: JsonMap,
  patch: JsonMap,
  definition: Definition,
): JsonMap {
  return mergeMaps(document, patch, patchTypeOf(definition))
}

function mergeMaps(original: JsonMap, patch: JsonMap, type: PatchType): JsonMap {
  if (Object.hasOwn(patch, directive)) return applyDirective(patch)
  const merged = applyRetainKeys(original, patch)
  const rest: JsonMap = { ...patch }
  delete rest[retainKeys]
  for (const key of Object.keys(patch))
    if (key.startsWith(orderPrefix)) mergeOrdered(merged, rest, key, type)
  for (const [key, value] of Object.entries(rest)) mergeField(merged, key, value, type)
  return merged
}

function applyDirective(patch: JsonMap): JsonMap {
  const { [directive]: word, ...rest } = patch
  if (word === 'replace') return rest
  if (word === 'delete') return {}
  throw new PatchError(`unknown patch type: ${formatGoValue(word)} in map: ${formatGoValue(patch)}`)
}

/** What the list does not name is dropped from the original; the patch may set only what it names. */
function applyRetainKeys(original: JsonMap, patch: JsonMap): JsonMap {
  if (!Object.hasOwn(patch, retainKeys)) return { ...original }
  const kept = patch[retainKeys]
  const fits =
    Array.isArray(kept) &&
    Object.entries(patch).every(([key, value]) => {
      const isDirective =
        key === retainKeys || key.startsWith(deletePrefix) || key.startsWith(orderPrefix)
      return value === null || isDirective || kept.includes(key)
    })
  if (!fits) throw new PatchError('invalid patch format of retainKeys', 'BadRequest')
  return Object.fromEntries(Object.entries(original).filter(([key]) => kept.includes(key)))
}

function mergeField(merged: JsonMap, name: string, value: unknown, type: PatchType): void {
  const deletes = name.startsWith(deletePrefix)
  const key = deletes
    ? stripPrefix(name, deletePrefix, 'invalid patch format of primitive list')
    : name
  if (value === null) {
    delete merged[key]
    return
  }
  const old = Object.hasOwn(merged, key) ? merged[key] : undefined
  if (typeName(old) !== typeName(value)) {
    if (!deletes) setCleaned(merged, key, discardNulls(value))
  } else if (isMap(old) && isMap(value)) {
    const field = lookUpField(type, key)
    const replaced = field.strategy === 'replace'
    setKey(merged, key, replaced ? value : mergeMaps(old, value, field.type))
  } else if (Array.isArray(old) && Array.isArray(value)) {
    setKey(merged, key, mergeLists(old as Item[], value as Item[], lookUpList(type, key), deletes))
  } else setCleaned(merged, key, value)
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'list'
  return value === null ? 'null' : typeof value
}

function mergeLists(
  original: readonly Item[],
  patch: readonly Item[],
  field: PatchField,
  deletes: boolean,
): readonly Item[] {
  if (field.strategy !== 'merge' && !deletes) return patch
  if (original.length === 0 && patch.length === 0) return original
  const isMapList = checkSameType(original, patch)
  if (!isMapList) {
    if (deletes) return original.filter((item) => !patch.includes(item))
    const merged = [...new Set([...original, ...patch])]
    return orderItems(partition(merged, patch, ''), patch, original, '')
  }
  if (field.mergeKey === '') throw new PatchError(`cannot merge lists without merge key for struct`)
  const { base, items } = applyListDirectives(original, patch, field.mergeKey)
  const merged = mergeItems(base, items, field)
  return orderItems(partition(merged, items, field.mergeKey), items, base, field.mergeKey)
}

/**
 * `{$patch: delete, key}` takes items out, `{$patch: replace}` replaces the whole list by the rest of the
 * patch.
 */
function applyListDirectives(
  original: readonly Item[],
  patch: readonly Item[],
  mergeKey: string,
): { base: readonly Item[]; items: readonly Item[] } {
  const items = patch.filter((item) => !isDirective(item))
  const directives = patch.filter(isDirective)
  let base = original
  for (const item of directives) {
    if (item[directive] === 'delete') {
      const value = mergeKeyOf(item, mergeKey)
      base = base.filter((old) => !isMap(old) || old[mergeKey] !== value)
    } else if (item[directive] === 'merge')
      throw new PatchError('merging lists cannot yet be specified in the patch')
    else if (item[directive] !== 'replace') applyDirective(item)
  }
  const replaces = directives.some((item) => item[directive] === 'replace')
  return replaces ? { base: items, items: [] } : { base, items }
}

function isDirective(item: Item): item is JsonMap {
  return isMap(item) && Object.hasOwn(item, directive)
}

function mergeItems(
  base: readonly Item[],
  items: readonly Item[],
  { mergeKey, type }: PatchField,
): Item[] {
  const merged = [...base]
  for (const item of items as readonly JsonMap[]) {
    const value = mergeKeyOf(item, mergeKey)
    const at = merged.findIndex((old) => isMap(old) && old[mergeKey] === value)
    if (at < 0) merged.push(item)
    else merged[at] = mergeMaps(merged[at] as JsonMap, item, type)
  }
  return merged
}

/** A list that the patch orders: it is merged here, and taken out of what is left of the patch. */
function mergeOrdered(merged: JsonMap, rest: JsonMap, name: string, type: PatchType): void {
  const order = asList(rest[name])
  delete rest[name]
  const key = stripPrefix(name, orderPrefix, 'invalid patch format of setElementOrder list')
  const original = Object.hasOwn(merged, key) ? asList(merged[key]) : undefined
  const patch = Object.hasOwn(rest, key) ? asList(rest[key]) : undefined
  const field = lookUpList(type, key)
  checkOrder(patch ?? [], order, field.mergeKey)
  if (!original && !patch) return
  const list = mergeEither(original, patch, field)
  checkSameType(original ?? [], patch ?? [])
  const parts = partition(list, order, field.mergeKey)
  setKey(merged, key, orderItems(parts, order, original ?? [], field.mergeKey))
  delete rest[key]
}

function mergeEither(
  original: readonly Item[] | undefined,
  patch: readonly Item[] | undefined,
  field: PatchField,
): readonly Item[] {
  if (original && patch) return mergeLists(original, patch, field, false)
  return original ?? (removeDirectives(patch) as readonly Item[])
}

function setCleaned(target: JsonMap, key: string, value: unknown): void {
  const cleaned = removeDirectives(value)
  if (cleaned === undefined) delete target[key]
  else setKey(target, key, cleaned)
}

/** What carries a `$patch` is a directive, not data: undefined. */
function removeDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(removeDirectives).filter((item) => item !== undefined)
  if (!isMap(value)) return value
  if (Object.hasOwn(value, directive)) return undefined
  const kept: JsonMap = {}
  for (const [key, inner] of Object.entries(value)) setCleaned(kept, key, inner)
  return kept
}

function discardNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(discardNulls)
  if (!isMap(value)) return value
  const kept: JsonMap = {}
  for (const [key, inner] of Object.entries(value))
    if (inner !== null) setKey(kept, key, discardNulls(inner))
  return kept
}

function stripPrefix(name: string, prefix: string, complaint: string): string {
  if (!name.startsWith(`${prefix}/`)) throw new PatchError(complaint, 'BadRequest')
  return name.slice(prefix.length + 1)
}
