import { assert } from '@kemu/base'
import type { Definition, Field, ScalarNode, SchemaNode } from '@kemu/api/schema'
import { layoutOf } from './message-layout.ts'
import type { Layout } from './message-layout.ts'
import { WireWriter } from './wire-writer.ts'

type Data = Readonly<Record<string, unknown>>

/**
 * API data as the protobuf message that upstream's generated code makes of it, byte for byte: fields by
 * number, map keys in order, and plain values also when they are empty.
 */
export function encodeMessage(definition: Definition, data: object): Buffer {
  const writer = new WireWriter()
  writeMessage(writer, layoutOf(definition), data as Data)
  return writer.finish()
}

function writeMessage(writer: WireWriter, layout: Layout, data: Data): void {
  for (const number of descendingNumbers(layout)) {
    const inlined = layout.inlined.get(number)
    if (!inlined) {
      writeField(writer, layout.fields.get(number)!, data)
      continue
    }
    const mark = writer.length
    writeMessage(writer, inlined, data)
    writer.field(number, mark)
  }
}

const orders = new WeakMap<Layout, readonly number[]>()

function descendingNumbers(layout: Layout): readonly number[] {
  let order = orders.get(layout)
  if (!order) {
    order = [...layout.fields.keys(), ...layout.inlined.keys()].sort((a, b) => b - a)
    orders.set(layout, order)
  }
  return order
}

function writeField(writer: WireWriter, field: Field, data: Data): void {
  const { node, protobufNumber: number } = field
  const value = data[field.name] ?? undefined
  if (node.kind === 'list') {
    const list = (value ?? []) as readonly unknown[]
    for (let i = list.length - 1; i >= 0; i -= 1) writeValue(writer, number, node.items, list[i])
  } else if (node.kind === 'map') {
    writeMap(writer, number, node.values, (value ?? {}) as Data)
  } else if (value !== undefined || isPlainValue(field)) {
    writeValue(writer, number, node, value)
  }
}

/** Not a pointer, and no slice of bytes, in Go: written even when nobody stated it. */
function isPlainValue({ presence, node }: Field): boolean {
  return presence !== 'pointer' && node.kind !== 'bytes'
}

function writeMap(writer: WireWriter, number: number, values: SchemaNode, map: Data): void {
  const keys = Object.keys(map).sort(byBytes)
  for (const key of keys.reverse()) {
    const entry = writer.length
    writeValue(writer, 2, values, map[key] ?? undefined)
    const mark = writer.length
    writer.text(key)
    writer.field(1, mark)
    writer.field(number, entry)
  }
}

/** Go compares strings by their bytes. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** One value with its tag; undefined is Go's zero value. */
function writeValue(writer: WireWriter, number: number, node: SchemaNode, value: unknown): void {
  switch (node.kind) {
    case 'boolean':
      writer.varint(value === true ? 1 : 0)
      return writer.tag(number, 0)
    case 'int32':
    case 'int64':
      writer.varint((value as number | undefined) ?? 0)
      return writer.tag(number, 0)
    case 'double':
      writer.double((value as number | undefined) ?? 0)
      return writer.tag(number, 1)
    default: {
      const mark = writer.length
      writeContent(writer, node, value)
      writer.field(number, mark)
    }
  }
}

type Sized = Exclude<SchemaNode, ScalarNode> | (ScalarNode & { kind: SizedKind })
type SizedKind = Exclude<ScalarNode['kind'], 'boolean' | 'int32' | 'int64' | 'double'>

/** What stands between a length and the next field. */
function writeContent(writer: WireWriter, node: SchemaNode, value: unknown): void {
  const sized = node as Sized
  switch (sized.kind) {
    case 'string':
      return writer.text((value as string | undefined) ?? '')
    case 'bytes':
      return writer.bytes(Buffer.from((value as string | undefined) ?? '', 'base64'))
    case 'quantity':
      return writeText(writer, 1, (value as string | undefined) ?? '0')
    case 'time':
    case 'microTime':
      return value === undefined ? undefined : writeTime(writer, value as string)
    case 'intOrString':
      return writeIntOrString(writer, (value as number | string | undefined) ?? 0)
    case 'raw':
      return value === undefined ? undefined : writeText(writer, 1, JSON.stringify(value))
    case 'object':
      return writeMessage(writer, layoutOf(sized.definition), (value ?? {}) as Data)
    case 'list':
      return writeItems(writer, sized.items, (value ?? []) as readonly unknown[])
    case 'map':
      assert(false, 'a map inside a list or map has no form in protobuf')
  }
}

/** A list as a map's value is a message of its own: `repeated items = 1`. */
function writeItems(writer: WireWriter, items: SchemaNode, list: readonly unknown[]): void {
  for (let i = list.length - 1; i >= 0; i -= 1) writeValue(writer, 1, items, list[i])
}

function writeText(writer: WireWriter, number: number, text: string): void {
  const mark = writer.length
  writer.text(text)
  writer.field(number, mark)
}

/** meta/v1 Time and MicroTime { seconds = 1, nanos = 2 } */
function writeTime(writer: WireWriter, text: string): void {
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? ''
  writer.varint(Number(fraction.padEnd(9, '0')))
  writer.tag(2, 0)
  writer.varint(Math.floor(Date.parse(text) / 1000))
  writer.tag(1, 0)
}

/** util/intstr IntOrString { type = 1, intVal = 2, strVal = 3 } */
function writeIntOrString(writer: WireWriter, value: number | string): void {
  const isText = typeof value === 'string'
  writeText(writer, 3, isText ? value : '')
  writer.varint(isText ? 0 : value)
  writer.tag(2, 0)
  writer.varint(isText ? 1 : 0)
  writer.tag(1, 0)
}
