import { JsonObject, parseJsonTree } from './json-parser.ts'
import type { JsonTree } from './json-parser.ts'

/**
 * `duplicate field "spec.replicas"` for each key that stands twice in an object of the text. Throws
 * JsonSyntaxError.
 */
export function findDuplicateKeys(text: string): string[] {
  const found = new Set<string>()
  walk(parseJsonTree(text), '', found)
  return [...found]
}

function walk(tree: JsonTree, path: string, found: Set<string>): void {
  if (Array.isArray(tree)) {
    tree.forEach((item, i) => walk(item, `${path}[${i}]`, found))
    return
  }
  if (!(tree instanceof JsonObject)) return
  const seen = new Set<string>()
  for (const [key, value] of tree.entries) {
    const inner = path === '' ? key : `${path}.${key}`
    if (seen.has(key)) found.add(`duplicate field ${JSON.stringify(inner)}`)
    seen.add(key)
    walk(value, inner, found)
  }
}
