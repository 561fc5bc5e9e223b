import { formatGoValue } from './go-value.ts'
import { PatchError } from './patch-error.ts'

export type JsonMap = Record<string, unknown>
export type Item = JsonMap | string | number | boolean | null

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of an item's merge key; an item without one cannot be merged. */
export function mergeKeyOf(item: Item, mergeKey: string): unknown {
  if (!isMap(item))
    throw new PatchError(`expected a map[string]interface {}, but received a ${goTypeName(item)}`)
  if (Object.hasOwn(item, mergeKey)) return item[mergeKey]
  throw new PatchError(
    `map: ${formatGoValue(item)} does not contain declared merge key: ${mergeKey}`,
  )
}

/** Whether the lists hold maps; both must hold one type of value, and no lists. */
export function checkSameType(...lists: readonly (readonly Item[])[]): boolean {
  const items = lists.flat()
  const [first] = items
  if (first === undefined) throw new PatchError('no elements in any of the given slices')
  if (Array.isArray(first))
    throw new PatchError('lists of lists are not supported', 'Unprocessable')
  const type = goTypeName(first)
  if (items.some((item) => goTypeName(item) !== type))
    throw new PatchError(`list element types are not identical: ${formatGoValue(lists)}`)
  return isMap(first)
}

export function asList(value: unknown): readonly Item[] {
  if (Array.isArray(value)) return value as Item[]
  throw new PatchError(`expected a []interface {}, but received a ${goTypeName(value)}`)
}

function goTypeName(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (value === null || value === undefined) return '%!s(<nil>)'
  switch (typeof value) {
    case 'object':
      return 'map[string]interface {}'
    case 'boolean':
      return 'bool'
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64'
    default:
      return typeof value
  }
}

/** A merged list taken apart: what the patch (or its order) names, and what only the server has. */
export interface Partition {
  readonly named: readonly Item[]
  readonly others: readonly Item[]
}

export function partition(
  merged: readonly Item[],
  by: readonly Item[],
  mergeKey: string,
): Partition {
  const isNamed = (item: Item): boolean => indexIn(by, item, mergeKey) >= 0
  return {
    named: merged.filter(isNamed),
    others: merged.filter((item) => !isNamed(item)),
  }
}

/**
 * * Puts the two parts together again: the named ones in the patch's order, the others in the server's, and
 * where the server knows both of two items, in its order.
 */
export function orderItems(
  { named, others }: Partition,
  patchOrder: readonly Item[],
  serverOrder: readonly Item[],
  mergeKey: string,
): Item[] {
  const left = sortBy(others, serverOrder, mergeKey)
  const right = sortBy(named, patchOrder, mergeKey)
  const ordered: Item[] = []
  while (left.length > 0 && right.length > 0) {
    const l = indexIn(serverOrder, left[0]!, mergeKey)
    const r = indexIn(serverOrder, right[0]!, mergeKey)
    const leftFirst = l >= 0 && r >= 0 && l < r
    ordered.push((leftFirst ? left : right).shift()!)
  }
  return [...ordered, ...left, ...right]
}

function sortBy(items: readonly Item[], order: readonly Item[], mergeKey: string): Item[] {
  const indexed = items.map((item) => ({ item, at: indexIn(order, item, mergeKey) }))
  return indexed.sort((a, b) => a.at - b.at).map(({ item }) => item)
}

/** Where the list has an item with that item's merge key, or that very scalar; -1 if nowhere. */
function indexIn(list: readonly Item[], item: Item, mergeKey: string): number {
  if (mergeKey === '') return list.indexOf(item)
  const value = mergeKeyOf(item, mergeKey)
  return list.findIndex((other) => mergeKeyOf(other, mergeKey) === value)
}

/** The items that a patch sets must stand in the order that it states, all of them. */
export function checkOrder(items: readonly Item[], order: readonly Item[], mergeKey: string): void {
  if (order.length === 0 || items.length === 0) return
  const set = items.filter((item) => !isMap(item) || !Object.hasOwn(item, '$patch'))
  let found = 0
  for (const item of order) {
    if (found === set.length) return
    const expected = set[found]!
    const same =
      mergeKey === ''
        ? expected === item
        : mergeKeyOf(expected, mergeKey) === mergeKeyOf(item, mergeKey)
    if (same) found += 1
  }
  if (found < set.length)
    throw new PatchError(
      `The order in patch list:\n${formatGoValue(items)}\n doesn't match $setElementOrder list:\n${formatGoValue(order)}\n`,
    )
}
