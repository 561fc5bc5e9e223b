/**
 * The pod-template-hash of a template: FNV-1a, 32 bits, over its JSON with sorted keys, in the letters of generated
 * names. The value differs from upstream's (which hashes Go's memory layout); what counts is that equal templates give
 * equal hashes and that a collision is told apart by the count.
 */
export function templateHash(template: unknown, collisionCount?: number): string {
  let hash = fnv1a(0x811c9dc5, sortedJson(template))
  if (collisionCount !== undefined) hash = fnv1a(hash, `#${collisionCount}`)
  return Array.from(String(hash), (digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join(
    '',
  )
}

/** apimachinery util/rand: letters that spell no words. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

function fnv1a(start: number, text: string): number {
  let hash = start
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193) >>> 0
  }
  return hash
}

/** JSON in which the order of keys says nothing. */
export function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => sortedJson(item)).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, v]) => `${JSON.stringify(key)}:${sortedJson(v)}`).join(',')}}`
}
