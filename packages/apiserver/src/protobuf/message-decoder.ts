import type { Definition, Field, SchemaNode } from '@kemu/api/schema'
import { layoutOf } from './message-layout.ts'
import type { Layout } from './message-layout.ts'
import { readFields, signed, WireError } from './wire-reader.ts'
import type { WireField } from './wire-reader.ts'

/** A protobuf message of the API as the JSON data that it stands for. */
export function decodeMessage(definition: Definition, message: Buffer): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  readInto(object, layoutOf(definition), message)
  return object
}

function readInto(object: Record<string, unknown>, layout: Layout, message: Buffer): void {
  for (const wire of readFields(message)) {
    const inlined = layout.inlined.get(wire.number)
    if (inlined) {
      readInto(object, inlined, bytesOf(wire))
      continue
    }
    const field = layout.fields.get(wire.number)
    if (field) readField(object, field, wire)
  }
}

function readField(object: Record<string, unknown>, { name, node }: Field, wire: WireField): void {
  switch (node.kind) {
    case 'list': {
      const list = (object[name] ??= []) as unknown[]
      list.push(readValue(node.items, wire))
      break
    }
    case 'map': {
      const map = (object[name] ??= {}) as Record<string, unknown>
      readEntry(map, node.values, bytesOf(wire))
      break
    }
    default:
      object[name] = readValue(node, wire)
  }
}

function readEntry(map: Record<string, unknown>, values: SchemaNode, entry: Buffer): void {
  let key = ''
  let value: unknown = emptyOf(values)
  for (const wire of readFields(entry)) {
    if (wire.number === 1) key = bytesOf(wire).toString()
    else if (wire.number === 2) value = readValue(values, wire)
  }
  Object.defineProperty(map, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

function readValue(node: SchemaNode, wire: WireField): unknown {
  switch (node.kind) {
    case 'string':
      return bytesOf(wire).toString()
    case 'boolean':
      return numberOf(wire) !== 0
    case 'int32':
    case 'int64':
      return numberOf(wire)
    case 'double':
      return bytesOf(wire).readDoubleLE(0)
    case 'bytes':
      return bytesOf(wire).toString('base64')
    case 'quantity':
      return readQuantity(bytesOf(wire))
    case 'time':
      return readTime(bytesOf(wire), 0)
    case 'microTime':
      return readTime(bytesOf(wire), 6)
    case 'intOrString':
      return readIntOrString(bytesOf(wire))
    case 'raw':
      return readRaw(bytesOf(wire))
    case 'object':
      return decodeMessage(node.definition, bytesOf(wire))
    case 'list':
      // A list as a map's value is a message of its own: `repeated items = 1`.
      return [...readFields(bytesOf(wire))].map((item) => readValue(node.items, item))
    case 'map':
      throw new WireError('a map inside a list or map has no form in protobuf')
  }
}

function emptyOf(node: SchemaNode): unknown {
  switch (node.kind) {
    case 'string':
    case 'bytes':
      return ''
    case 'quantity':
      return '0'
    case 'boolean':
      return false
    case 'list':
      return []
    case 'object':
      return {}
    default:
      return 0
  }
}

/** resource.Quantity { string = 1 } */
function readQuantity(message: Buffer): string {
  for (const wire of readFields(message)) if (wire.number === 1) return bytesOf(wire).toString()
  return '0'
}

/** meta/v1 Time { seconds = 1, nanos = 2 }; an empty message is no time. */
function readTime(message: Buffer, digits: number): string | null {
  let seconds: number | undefined
  let nanos = 0
  for (const wire of readFields(message)) {
    if (wire.number === 1) seconds = numberOf(wire)
    else if (wire.number === 2) nanos = numberOf(wire)
  }
  if (seconds === undefined && nanos === 0) return null
  const whole = new Date((seconds ?? 0) * 1000).toISOString().slice(0, 19)
  const fraction = digits === 0 ? '' : `.${String(nanos).padStart(9, '0').slice(0, digits)}`
  return `${whole}${fraction}Z`
}

/** util/intstr IntOrString { type = 1, intVal = 2, strVal = 3 } */
function readIntOrString(message: Buffer): number | string {
  let isString = false
  let int = 0
  let text = ''
  for (const wire of readFields(message)) {
    if (wire.number === 1) isString = numberOf(wire) !== 0
    else if (wire.number === 2) int = numberOf(wire)
    else if (wire.number === 3) text = bytesOf(wire).toString()
  }
  return isString ? text : int
}

/** RawExtension and FieldsV1 { raw = 1 }: JSON inside. */
function readRaw(message: Buffer): unknown {
  for (const wire of readFields(message)) {
    if (wire.number !== 1) continue
    const text = bytesOf(wire).toString()
    return text === '' ? null : (JSON.parse(text) as unknown)
  }
  return null
}

function bytesOf({ value }: WireField): Buffer {
  if (typeof value === 'bigint') throw new WireError('proto: wrong wireType = 0')
  return value
}

function numberOf({ value }: WireField): number {
  if (typeof value !== 'bigint') throw new WireError('proto: wrong wireType = 2')
  return signed(value)
}
