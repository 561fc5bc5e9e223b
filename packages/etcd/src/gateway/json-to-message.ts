import { enumTypes, messageTypes } from '@kemu/rpc/descriptors'
import type { FieldType } from '@kemu/rpc/descriptors'

/** The JSON does not fit the message; the text is like that of Go's protojson, without the place. */
export class JsonMessageError extends Error {
  override name = 'JsonMessageError'
}

const wireTypes = { varint: 0, bytes: 2 } as const

/**
 * Bytes of a message that was written as JSON (protobuf's mapping): names as in the proto file or in lowerCamelCase,
 * 64-bit numbers as strings, `bytes` as base64, enumerations by name or number. Unknown names are passed over, as etcd
 * does.
 */
export function jsonToMessage(type: string, value: unknown): Buffer {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new JsonMessageError(`proto: syntax error: unexpected token ${JSON.stringify(value)}`)
  }
  const fields = messageTypes[type]!
  const parts: Buffer[] = []
  for (const [name, item] of Object.entries(value)) {
    const field = fields.find((one) => one.name === name || jsonName(one.name) === name)
    if (!field || item === null) continue
    parts.push(...encodeField(field, item))
  }
  return Buffer.concat(parts)
}

/** protobuf: the JSON name of a field is its name in lowerCamelCase. */
function jsonName(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}

function encodeField(field: FieldType, item: unknown): Buffer[] {
  if (!field.isRepeated) return encodeOne(field, item)
  if (!Array.isArray(item)) throw invalid(field, item)
  return item.flatMap((one) => encodeOne(field, one))
}

function encodeOne(field: FieldType, item: unknown): Buffer[] {
  switch (field.kind) {
    case 'message':
      return lengthDelimited(field, jsonToMessage(field.type, item))
    case 'enum': {
      const number = typeof item === 'string' ? enumTypes[field.type]![item] : item
      // etcd discards names that it does not know.
      if (number === undefined) return []
      if (!Number.isInteger(number)) throw invalid(field, item)
      return varintField(field, BigInt(number as number))
    }
    case 'scalar':
      return encodeScalar(field, item)
  }
}

function encodeScalar(field: FieldType, item: unknown): Buffer[] {
  switch (field.type) {
    case 'string':
      if (typeof item !== 'string') throw invalid(field, item)
      return lengthDelimited(field, Buffer.from(item))
    case 'bytes':
      if (typeof item !== 'string' || !/^[\w+/-]*={0,2}$/.test(item)) throw invalid(field, item)
      return lengthDelimited(field, Buffer.from(item, 'base64'))
    case 'bool':
      if (typeof item !== 'boolean') throw invalid(field, item)
      return varintField(field, item ? 1n : 0n)
    default:
      return varintField(field, integer(field, item))
  }
}

function integer(field: FieldType, item: unknown): bigint {
  const isText = typeof item === 'string' && /^-?\d+$/.test(item)
  if (!isText && !Number.isInteger(item)) throw invalid(field, item)
  const value = BigInt(item as string | number)
  const bits = field.type.endsWith('32') ? 32 : 64
  const wrapped = field.type.startsWith('u')
    ? BigInt.asUintN(bits, value)
    : BigInt.asIntN(bits, value)
  if (wrapped !== value) throw invalid(field, item)
  return value
}

function invalid({ name, type }: FieldType, item: unknown): JsonMessageError {
  return new JsonMessageError(
    `proto: invalid value for ${type} field ${name}: ${JSON.stringify(item)}`,
  )
}

function varintField({ number }: FieldType, value: bigint): Buffer[] {
  return [varint(BigInt((number << 3) | wireTypes.varint)), varint(value)]
}

function lengthDelimited({ number }: FieldType, bytes: Buffer): Buffer[] {
  const tag = varint(BigInt((number << 3) | wireTypes.bytes))
  return [tag, varint(BigInt(bytes.length)), bytes]
}

/** Negative numbers take ten bytes, as protobuf has it. */
function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}
