/**
 * The structure of the API's types, as the catalogue states it. Names of definitions are OpenAPI's
 * (`io.k8s.api.core.v1.Pod`); what a node accepts and how it is written back follows upstream's Go types.
 */
export type SchemaNode = ScalarNode | ListNode | MapNode | ObjectNode

export interface ScalarNode {
  readonly kind:
    | 'string'
    | 'boolean'
    | 'int32'
    | 'int64'
    | 'double'
    /** base64 text */
    | 'bytes'
    | 'quantity'
    /** RFC 3339 with whole seconds, UTC */
    | 'time'
    /** the same with six digits of fraction */
    | 'microTime'
    | 'intOrString'
    /** any JSON, kept as it came (RawExtension, FieldsV1, apiextensions' JSON) */
    | 'raw'
  /** The definition that OpenAPI refers to, for the kinds that have one. */
  readonly definition?: string
}

export interface ListNode {
  readonly kind: 'list'
  readonly items: SchemaNode
}

export interface MapNode {
  readonly kind: 'map'
  readonly values: SchemaNode
}

export interface ObjectNode {
  readonly kind: 'object'
  readonly definition: Definition
}

/**
 * * How a field is written: `optional` not when empty (Go's omitempty on a plain value); `pointer` when it
 * was stated; `always` also when empty; `nonZero` not when zero, structs included (Go's omitzero).
 */
export type Presence = 'optional' | 'pointer' | 'always' | 'nonZero'

export interface Field {
  readonly name: string
  readonly node: SchemaNode
  readonly presence: Presence
  readonly required: boolean
  /** Field number of the protobuf encoding, 0 where there is none. */
  readonly protobufNumber: number
  /** Go's name of the type, as messages show it: `v1.Protocol`, `[]v1.Container`. */
  readonly goType: string
  /** The definition that has the field. */
  readonly owner: string
  /** Go names of inlined structs between owner and field; they show in messages. */
  readonly via: readonly string[]
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listMapKeys?: readonly string[]
  /** Strategies of strategic merge patch: `merge`, `replace`, `retainKeys`. */
  readonly patchStrategy: readonly string[]
  readonly patchMergeKey?: string
  readonly mapType?: string
  readonly enumValues?: readonly string[]
  /** Of the items of a list or the values of a map. */
  readonly itemEnumValues?: readonly string[]
  /** A default that OpenAPI states, other than a zero value. */
  readonly defaultValue?: unknown
}

export interface GroupVersion {
  readonly group: string
  readonly version: string
}

export interface Union {
  readonly discriminator?: string
  readonly fields: Readonly<Record<string, string>>
}

export interface Definition {
  readonly name: string
  /** Its last part: `Pod`. */
  readonly shortName: string
  /** As Go's messages call it: `v1.Pod`. */
  readonly goType: string
  /**
   * undefined for definitions without structure (Quantity, Time ...), which are scalar nodes where they are
   * used.
   */
  readonly fields?: ReadonlyMap<string, Field>
  /** Fields that are written even when nobody stated them. */
  readonly alwaysWritten: readonly Field[]
  /** Group and version, or all of them for the options that groups share. */
  readonly kindOf?: GroupVersion | { readonly sharedBy: readonly GroupVersion[] }
  readonly mapType?: string
  readonly union?: Union
}
