/**
 * Messages as tables, compiled ahead from proto/ by scripts/gen-proto.ts, in the order of their field numbers. A table
 * costs nothing at start, where a descriptor has to be parsed, resolved and turned into functions first.
 */
export type MessageTables = Readonly<Record<string, readonly FieldTable[]>>

/** Names of enum values by number; an enum that a table names. */
export type EnumTables = Readonly<Record<string, Readonly<Record<number, string>>>>

export type FieldTable = readonly [
  id: number,
  name: string,
  type: ScalarType | MessageRef | EnumRef,
  /** A oneof is known by its name with a dot before it; a map's keys are strings. */
  label?: 'repeated' | 'map' | OneofRef,
]

export type ScalarType =
  | 'string'
  | 'bytes'
  | 'bool'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'double'
export type MessageRef = `>${string}`
export type EnumRef = `#${string}`
export type OneofRef = `.${string}`
