import { enumTypes, messageTypes } from '@kemu/rpc/descriptors'
import type { FieldType } from '@kemu/rpc/descriptors'
import { ProtobufReader } from '@kemu/rpc/protobuf'

type Json = string | number | boolean | Json[] | { [name: string]: Json }

/**
 * A message of our own server as JSON, as etcd's gateway has it: names of the proto file in their order, 64-bit numbers
 * as strings, `bytes` in base64, and nothing that has its default.
 */
export function messageToJson(type: string, bytes: Buffer): Json {
  return readMessage(type, new ProtobufReader(bytes), bytes.length)
}

function readMessage(type: string, reader: ProtobufReader, end: number): Json {
  const fields = messageTypes[type]!
  const values = new Map<FieldType, Json>()
  while (reader.position < end) {
    const tag = reader.uint32()
    const field = fields.find(({ number }) => number === tag >>> 3)!
    const isPacked = field.isRepeated && (tag & 7) === 2 && isVarint(field)
    const found = isPacked ? readPacked(field, reader) : [readOne(field, reader)]
    if (field.isRepeated) values.set(field, [...((values.get(field) as Json[]) ?? []), ...found])
    else values.set(field, found[0]!)
  }
  const inOrder = fields
    .filter((field) => values.has(field) && !isDefault(field, values.get(field)!))
    .map((field) => [field.name, values.get(field)!] as const)
  return Object.fromEntries(inOrder)
}

function isVarint({ kind, type }: FieldType): boolean {
  return kind === 'enum' || (kind === 'scalar' && type !== 'string' && type !== 'bytes')
}

function readPacked(field: FieldType, reader: ProtobufReader): Json[] {
  const length = reader.uint32()
  const end = reader.position + length
  const found: Json[] = []
  while (reader.position < end) found.push(readOne(field, reader))
  return found
}

function readOne(field: FieldType, reader: ProtobufReader): Json {
  switch (field.kind) {
    case 'message': {
      const length = reader.uint32()
      return readMessage(field.type, reader, reader.position + length)
    }
    case 'enum': {
      const number = reader.int32()
      const names = Object.entries(enumTypes[field.type]!)
      return names.find(([, value]) => value === number)?.[0] ?? number
    }
    case 'scalar':
      return readScalar(field.type, reader)
  }
}

function readScalar(type: string, reader: ProtobufReader): Json {
  switch (type) {
    case 'string':
      return reader.utf8()
    case 'bytes':
      return reader.view().toString('base64')
    case 'bool':
      return reader.bool()
    case 'int64':
      return String(reader.bigInt64())
    case 'uint64':
      return String(reader.bigUint64())
    default:
      return type === 'int32' ? reader.int32() : reader.uint32()
  }
}

/** A writer may have put a default on the wire; only in a oneof does that tell something. */
function isDefault({ kind, type, isInOneof }: FieldType, value: Json): boolean {
  if (isInOneof || kind === 'message') return false
  if (kind === 'enum') return value === enumName(type, 0)
  return value === '' || value === '0' || value === 0 || value === false
}

function enumName(type: string, number: number): Json {
  const names = Object.entries(enumTypes[type]!)
  return names.find(([, value]) => value === number)?.[0] ?? number
}
