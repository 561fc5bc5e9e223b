import type { Definition, SchemaNode } from '../schema/schema-node.ts'
import { PatchError } from './patch-error.ts'

/** What a patch may know of the place it is at. */
export type PatchType = SchemaNode

export interface PatchField {
  readonly type: PatchType
  /** `merge`, `replace` or '' where the type states none. */
  readonly strategy: string
  /** '' where the type states none. */
  readonly mergeKey: string
}

export function patchTypeOf(definition: Definition): PatchType {
  return { kind: 'object', definition }
}

/** The field of that name; throws with upstream's words when the type has none. */
export function lookUpField(type: PatchType, key: string): PatchField {
  if (type.kind !== 'object')
    throw new PatchError(
      `merging an object in json but data type is not struct, instead is: ${goKind(type)}`,
    )
  const field = type.definition.fields!.get(key)
  if (!field) {
    const quoted = JSON.stringify(key)
    throw new PatchError(
      `unable to find api field in struct ${type.definition.shortName} for the json field ${quoted}`,
    )
  }
  return {
    type: field.node,
    strategy: field.patchStrategy.find((strategy) => strategy !== 'retainKeys') ?? '',
    mergeKey: field.patchMergeKey ?? '',
  }
}

/** The same for a list: its type is that of the items. */
export function lookUpList(type: PatchType, key: string): PatchField {
  const field = lookUpField(type, key)
  if (field.type.kind !== 'list')
    throw new PatchError('expected slice or array type, but got: struct')
  return { ...field, type: field.type.items }
}

function goKind(type: PatchType): string {
  switch (type.kind) {
    case 'map':
      return 'map'
    case 'list':
    case 'bytes':
      return 'slice'
    case 'boolean':
      return 'bool'
    case 'double':
      return 'float64'
    case 'string':
    case 'int32':
    case 'int64':
      return type.kind
    case 'object':
    case 'raw':
    case 'quantity':
    case 'time':
    case 'microTime':
    case 'intOrString':
      return 'struct'
  }
}
