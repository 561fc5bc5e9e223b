/** The range end that means "every key from `key` on". */
export const toTheEnd = '\0'

/**
 * The forms of a range in the API: no end is the one key, `\0` is everything from the key on, anything else is
 * excluded itself. An end at or below the key is an empty range.
 */
export function isInRange(candidate: string, key: string, rangeEnd: string): boolean {
  if (rangeEnd === '') return candidate === key
  if (candidate < key) return false
  return rangeEnd === toTheEnd || candidate < rangeEnd
}

/** Do two ranges share a key? */
export function intersects(aKey: string, aEnd: string, bKey: string, bEnd: string): boolean {
  return startsBeforeEnd(aKey, bKey, bEnd) && startsBeforeEnd(bKey, aKey, aEnd)
}

function startsBeforeEnd(start: string, key: string, rangeEnd: string): boolean {
  if (rangeEnd === '') return start <= key
  return rangeEnd === toTheEnd || start < rangeEnd
}
