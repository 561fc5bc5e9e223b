import { goJson } from '../go-text.ts'

/**
 * * One step of a path in the notation of FieldsV1, which is unique: `f:name` a field or key of a map,
 * `k:{"name":"web"}` an item of a list by its keys, `v:"x"` an item of a set by its value.
 */
export type PathElement = string

export function fieldElement(name: string): PathElement {
  return `f:${name}`
}

/** Keys are sorted, whatever their order in the object. */
export function keyElement(keys: Readonly<Record<string, unknown>>): PathElement {
  const sorted = Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1))
  return `k:${goJson(Object.fromEntries(sorted))}`
}

export function valueElement(value: unknown): PathElement {
  return `v:${goJson(value)}`
}

/** Fields come first, then keys, values and indices; each kind in the order of its text. */
export function compareElements(a: PathElement, b: PathElement): number {
  const rank = (element: PathElement): number => 'fkvi'.indexOf(element.slice(0, 1))
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0)
}

/** `.spec.containers[name="web"].image`, as messages name a field. */
export function formatFieldPath(path: readonly PathElement[]): string {
  return path.map(formatElement).join('')
}

function formatElement(element: PathElement): string {
  const rest = element.slice(2)
  switch (element.slice(0, 2)) {
    case 'f:':
      return `.${rest}`
    case 'v:':
      return `[=${rest}]`
    case 'k:': {
      const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>)
      return `[${keys.map(([name, value]) => `${name}=${goJson(value)}`).join(',')}]`
    }
    default:
      return `[${rest}]`
  }
}
