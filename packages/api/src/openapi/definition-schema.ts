import type {
  Definition,
  Field,
  GroupVersion,
  ScalarNode,
  SchemaNode,
  Union,
} from '../schema/schema-node.ts'
import { describeDefinition, describeField } from './descriptions.ts'
import type { Dialect, Json } from './json.ts'
import { refTo } from './json.ts'

/** Group, version and kind, as `x-kubernetes-group-version-kind` lists them. */
export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/**
 * * A definition as OpenAPI states it. A v3 document is of one group version, and of the definitions that
 * groups share (DeleteOptions) it lists only that and the core's. Upstream counterpart: kube-openapi's
 * builders and openapi-gen.
 */
export function definitionSchema(
  definition: Definition,
  dialect: Dialect,
  document?: GroupVersion,
): Json {
  const description = describeDefinition(definition.name)
  const form = definition.fields
    ? objectForm(definition, dialect)
    : plainForm(definition.name, dialect)
  const kinds = kindsOf(definition, document)
  return {
    ...(description !== '' && { description }),
    ...form,
    ...(kinds.length > 0 && { 'x-kubernetes-group-version-kind': kinds }),
    ...(definition.mapType && { 'x-kubernetes-map-type': definition.mapType }),
    ...(definition.union && { 'x-kubernetes-unions': [unionForm(definition.union)] }),
  }
}

/** Every definition that this one refers to, directly. */
export function referencesOf(definition: Definition): string[] {
  return [...(definition.fields?.values() ?? [])].flatMap(({ node }) => {
    const name = referenceOf(innermost(node))
    return name === undefined ? [] : [name]
  })
}

function innermost(node: SchemaNode): SchemaNode {
  if (node.kind === 'list') return innermost(node.items)
  return node.kind === 'map' ? innermost(node.values) : node
}

function referenceOf(node: SchemaNode): string | undefined {
  return node.kind === 'object'
    ? node.definition.name
    : node.kind === 'list' || node.kind === 'map'
      ? undefined
      : node.definition
}

function kindsOf(
  { kindOf, shortName: kind }: Definition,
  document: GroupVersion | undefined,
): GroupVersionKind[] {
  if (kindOf === undefined) return []
  const versions = 'sharedBy' in kindOf ? kindOf.sharedBy : [kindOf]
  return versions
    .filter(({ group, version }) => {
      if (!document || !('sharedBy' in kindOf) || group === '') return true
      return group === document.group && version === document.version
    })
    .map(({ group, version }) => ({ group, kind, version }))
}

function unionForm({ discriminator, fields }: Union): Json {
  return {
    ...(discriminator && { discriminator }),
    'fields-to-discriminateBy': fields,
  }
}

function objectForm(definition: Definition, dialect: Dialect): Json {
  const fields = [...definition.fields!.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  const required = [...definition.fields!.values()].filter((f) => f.required).map((f) => f.name)
  return {
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(
      fields.map((field) => [field.name, fieldSchema(field, definition.name, dialect)]),
    ),
  }
}

function fieldSchema(field: Field, definition: string, dialect: Dialect): Json {
  const description = fieldDescription(field, definition)
  const strategy = field.patchStrategy.join(',')
  return {
    ...(description !== '' && { description }),
    ...nodeSchema(field.node, dialect, fieldDefault(field), field.itemEnumValues),
    ...(field.enumValues && { enum: field.enumValues }),
    ...(field.listMapKeys && { 'x-kubernetes-list-map-keys': field.listMapKeys }),
    ...(field.listType && { 'x-kubernetes-list-type': field.listType }),
    ...(field.mapType && { 'x-kubernetes-map-type': field.mapType }),
    ...(field.patchMergeKey && { 'x-kubernetes-patch-merge-key': field.patchMergeKey }),
    ...(strategy !== '' && { 'x-kubernetes-patch-strategy': strategy }),
  }
}

/** Where the models say nothing of a field, what they say of its type; and what values there are. */
function fieldDescription({ name, node, enumValues }: Field, definition: string): string {
  const own = describeField(definition, name)
  const text = own === '' && node.kind === 'object' ? describeDefinition(node.definition.name) : own
  if (!enumValues) return text
  const values = enumValues.map((value) => ` - \`${JSON.stringify(value)}\``).join('\n')
  return `${text}\n\nPossible enum values:\n${values}`
}

/** v3 states defaults, zero values too where Go would write them. */
function fieldDefault({ node, presence, defaultValue }: Field): unknown {
  if (defaultValue !== undefined) return defaultValue
  if (presence === 'pointer') return undefined
  if (node.kind === 'object') return {}
  return presence === 'always' ? zeroDefault(node) : undefined
}

function zeroDefault(node: SchemaNode): unknown {
  switch (node.kind) {
    case 'string':
      return ''
    case 'boolean':
      return false
    case 'int32':
    case 'int64':
    case 'double':
      return 0
    case 'object':
      return {}
    case 'list':
    case 'map':
    case 'bytes':
    case 'quantity':
    case 'time':
    case 'microTime':
    case 'intOrString':
    case 'raw':
      return undefined
  }
}

/** The type of a value; in v3 with its default, where it has one. */
function nodeSchema(
  node: SchemaNode,
  dialect: Dialect,
  preset: unknown,
  innerEnum?: readonly string[],
): Json {
  const stated = dialect === 'v3' && preset !== undefined ? { default: preset } : {}
  const name = referenceOf(node)
  if (name !== undefined) {
    const ref = refTo(name, dialect)
    return dialect === 'v2' ? ref : { ...stated, allOf: [ref] }
  }
  if (node.kind === 'list')
    return { ...stated, type: 'array', items: innerSchema(node.items, dialect, innerEnum) }
  if (node.kind === 'map')
    return {
      ...stated,
      type: 'object',
      additionalProperties: innerSchema(node.values, dialect, innerEnum),
    }
  return { ...plainType(node.kind as ScalarNode['kind']), ...stated }
}

/** Items and values: a bare reference where no default stands beside it. */
function innerSchema(node: SchemaNode, dialect: Dialect, values?: readonly string[]): Json {
  const preset = zeroDefault(node)
  const name = referenceOf(node)
  if (name !== undefined && preset === undefined) return refTo(name, dialect)
  return { ...nodeSchema(node, dialect, preset), ...(values && { enum: values }) }
}

function plainType(kind: ScalarNode['kind']): Json {
  switch (kind) {
    case 'string':
    case 'boolean':
      return { type: kind }
    case 'int32':
    case 'int64':
      return { type: 'integer', format: kind }
    case 'double':
      return { type: 'number', format: 'double' }
    case 'bytes':
      return { type: 'string', format: 'byte' }
    case 'time':
    case 'microTime':
    case 'quantity':
    case 'intOrString':
    case 'raw':
      return { type: 'object' }
  }
}

/** Definitions without fields: plain values with a name of their own. */
function plainForm(name: string, dialect: Dialect): Json {
  switch (name.slice(name.lastIndexOf('.') + 1)) {
    case 'Time':
    case 'MicroTime':
      return { type: 'string', format: 'date-time' }
    case 'Quantity':
      return dialect === 'v2'
        ? { type: 'string' }
        : { oneOf: [{ type: 'string' }, { type: 'number' }] }
    case 'IntOrString':
      return dialect === 'v2'
        ? { type: 'string', format: 'int-or-string' }
        : { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] }
    case 'JSON':
    case 'JSONSchemaPropsOrArray':
    case 'JSONSchemaPropsOrBool':
    case 'JSONSchemaPropsOrStringArray':
      return {}
    default:
      return { type: 'object' }
  }
}
