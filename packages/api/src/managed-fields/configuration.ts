import { formatGoValue } from '../patch/go-value.ts'
import type { Definition, Field, ScalarNode, SchemaNode } from '../schema/schema-node.ts'
import { formatFieldPath } from './path-element.ts'
import type { PathElement } from './path-element.ts'
import { ListKeyError, placeOfNode } from './place.ts'
import { isMap } from './structured-walks.ts'

/**
 * What is wrong with an applied configuration, in upstream's words: `.spec.foo: field not declared in
 * schema`.
 */
export function configurationErrors(definition: Definition, config: unknown): string[] {
  const errors: string[] = []
  checkNode({ kind: 'object', definition }, undefined, config, '', errors)
  return errors
}

function checkNode(
  node: SchemaNode,
  field: Field | undefined,
  value: unknown,
  at: string,
  errors: string[],
): void {
  if (value === null) return
  switch (node.kind) {
    case 'object':
    case 'map':
      if (isMap(value)) checkEntries(node, value, at, errors)
      else errors.push(`${at}: expected map, got &{${formatGoValue(value)}}`)
      return
    case 'list':
      if (Array.isArray(value)) checkItems(node.items, field, value, at, errors)
      else errors.push(`${at}: expected list, got &{${formatGoValue(value)}}`)
      return
    default: {
      const complaint = scalarComplaint(node.kind, value)
      if (complaint !== undefined) errors.push(`${at}: ${complaint}`)
    }
  }
}

/** One unknown field ends the look at its object, as it does upstream. */
function checkEntries(
  node: Extract<SchemaNode, { kind: 'object' | 'map' }>,
  value: Record<string, unknown>,
  at: string,
  errors: string[],
): void {
  for (const [name, inner] of Object.entries(value)) {
    const below = `${at}.${name}`
    if (node.kind === 'map') {
      checkNode(node.values, undefined, inner, below, errors)
      continue
    }
    const field = node.definition.fields!.get(name)
    if (!field) {
      errors.push(`${below}: field not declared in schema`)
      return
    }
    checkNode(field.node, field, inner, below, errors)
  }
}

function checkItems(
  items: SchemaNode,
  field: Field | undefined,
  list: readonly unknown[],
  at: string,
  errors: string[],
): void {
  const place = placeOfNode({ kind: 'list', items }, field)
  const seen = new Set<PathElement>()
  for (const [i, item] of list.entries()) {
    if (place.form !== 'list') {
      checkNode(items, undefined, item, `${at}[${i}]`, errors)
      continue
    }
    const element = elementOf(() => place.element(item))
    if (element instanceof ListKeyError) {
      errors.push(`${at}: element ${i}: ${element.message}`)
      return
    }
    const key = formatFieldPath([element])
    if (seen.has(element)) errors.push(`${at}: duplicate entries for key ${key}`)
    seen.add(element)
    checkNode(items, undefined, item, at + key, errors)
  }
}

function elementOf(find: () => PathElement): PathElement | ListKeyError {
  try {
    return find()
  } catch (error) {
    if (error instanceof ListKeyError) return error
    throw error
  }
}

function scalarComplaint(kind: ScalarNode['kind'], value: unknown): string | undefined {
  switch (kind) {
    case 'string':
    case 'bytes':
    case 'time':
    case 'microTime':
      if (typeof value === 'string') return undefined
      return `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`
    case 'boolean':
      return typeof value === 'boolean'
        ? undefined
        : `expected boolean, got &{${formatGoValue(value)}}`
    case 'int32':
    case 'int64':
    case 'double':
      return typeof value === 'number'
        ? undefined
        : `expected numeric (int or float), got ${goTypeName(value)}`
    case 'quantity':
    case 'intOrString':
    case 'raw':
      return undefined
  }
}

/** A value as Go's `%#v` prints it. */
function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`
  if (!isMap(value)) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  const inner = entries.map(([key, item]) => `${JSON.stringify(key)}:${goSyntax(item)}`).join(', ')
  return `map[string]interface {}{${inner}}`
}

function goTypeName(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (isMap(value)) return 'map[string]interface {}'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
