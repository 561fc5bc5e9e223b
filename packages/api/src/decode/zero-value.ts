import type { Definition, SchemaNode } from '../schema/schema-node.ts'

/**
 * * What is written for a value that nobody set, in a field that is always written. Each call gives a new
 * one. Go writes null for a list or map without items; here it is an empty one, so that nobody who reads
 * objects must look out for it.
 */
export function zeroOf(node: SchemaNode): unknown {
  switch (node.kind) {
    case 'string':
    case 'bytes':
      return ''
    case 'list':
      return []
    case 'map':
      return {}
    case 'boolean':
      return false
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return 0
    case 'quantity':
      return '0'
    case 'object':
      return zeroObject(node.definition)
    default:
      return null
  }
}

/** `{}` for most; DaemonSetStatus, for one, has four numbers that are always there. */
function zeroObject(definition: Definition): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const field of definition.alwaysWritten) object[field.name] = zeroOf(field.node)
  return object
}
