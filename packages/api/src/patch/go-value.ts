/** JSON data as Go's `%v` prints it: `map[a:1 b:[x y]]`, keys sorted. Messages about patches show it so. */
export function formatGoValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(formatGoValue).join(' ')}]`
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `map[${entries.map(([key, inner]) => `${key}:${formatGoValue(inner)}`).join(' ')}]`
  }
  return typeof value === 'string' ? value : JSON.stringify(value)
}
