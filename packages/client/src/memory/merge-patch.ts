const removal = '$deleteFromPrimitiveList/'

/** RFC 7386: objects are merged, null removes, all else replaces; of strategic patches also removal from lists. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else if (key.startsWith(removal) && Array.isArray(value)) {
      const list = merged[key.slice(removal.length)]
      if (Array.isArray(list))
        merged[key.slice(removal.length)] = list.filter((item) => !value.includes(item))
    } else if (key !== '__proto__') merged[key] = mergePatch(merged[key], value)
  }
  return merged
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
