/** At most so many items, then how many more there are. */
export function abbreviated(items: readonly string[], limit: number, empty: string): string {
  if (items.length === 0) return empty
  const shown = items.slice(0, limit).join(',')
  return items.length > limit ? `${shown} + ${items.length - limit} more...` : shown
}
