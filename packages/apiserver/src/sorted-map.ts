import sortedBtree from 'sorted-btree'
import type BTree from 'sorted-btree'

/**
 * A map in the order of its string keys (a B+ tree); `clone` is cheap and shares until one side
 * writes.
 */
export type SortedMap<V> = BTree.default<string, V>

export function sortedMap<V>(): SortedMap<V> {
  return new sortedBtree.default<string, V>(undefined, compareKeys)
}

/** Byte order for the ASCII keys that Kubernetes makes. */
function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
