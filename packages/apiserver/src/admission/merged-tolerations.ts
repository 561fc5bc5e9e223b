import { isDeepStrictEqual } from 'node:util'
import type { Toleration } from '@kemu/api'

/**
 * The tolerations of both without those that another one covers; of equal ones the first stays.
 */
export function mergedTolerations(
  first: readonly Toleration[],
  second: readonly Toleration[],
): Toleration[] {
  const all = [...first, ...second]
  const merged: Toleration[] = []
  for (const [at, toleration] of all.entries()) {
    if (merged.some((kept) => covers(kept, toleration))) continue
    const later = all.slice(at + 1)
    if (later.some((other) => !isDeepStrictEqual(other, toleration) && covers(other, toleration))) {
      continue
    }
    merged.push(toleration)
  }
  return merged
}

/** Whether the wide toleration tolerates everything that the narrow one does. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if (isDeepStrictEqual(wide, narrow)) return true
  const everyKey = !wide.key && wide.operator === 'Exists'
  if (narrow.key !== wide.key && !everyKey) return false
  if (wide.effect && narrow.effect !== wide.effect) return false
  if (wide.effect === 'NoExecute' && !lastsAsLong(wide, narrow)) return false
  if (wide.operator === 'Exists') return true
  return narrow.operator === 'Equal' && narrow.value === wide.value
}

function lastsAsLong(
  { tolerationSeconds: wide }: Toleration,
  { tolerationSeconds: narrow }: Toleration,
): boolean {
  return wide === undefined || (narrow !== undefined && narrow <= wide)
}
