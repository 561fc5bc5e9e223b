import type { EnumTables, FieldTable, MessageTables } from './message-table.ts'
import { ProtobufError, ProtobufReader, ProtobufWriter } from './protobuf.ts'
import { enumKind, mapEntryKind, messageKind, scalarKinds } from './value-kind.ts'
import type { Shape, ValueKind } from './value-kind.ts'

interface Field {
  readonly id: number
  readonly name: string
  readonly kind: ValueKind
  readonly form: 'single' | 'repeated' | 'map' | 'member'
  /** Of a member: the field that names which member there is. */
  readonly oneof: string
}

/** Reads and writes messages by their tables. What a message needs is prepared when it is first met. */
export class TableCodecs {
  readonly #messages: MessageTables
  readonly #enums: EnumTables
  readonly #made = new Map<string, TableCodec>()

  constructor(messages: MessageTables, enums: EnumTables) {
    this.#messages = messages
    this.#enums = enums
  }

  of(message: string): TableCodec {
    let codec = this.#made.get(message)
    if (!codec) {
      codec = new TableCodec(this.#messages[message]!.map((table) => this.#field(table)))
      this.#made.set(message, codec)
    }
    return codec
  }

  #field([id, name, type, label]: FieldTable): Field {
    const kind = this.#kind(type)
    if (label === 'map') return { id, name, kind: mapEntryKind(kind), form: 'map', oneof: '' }
    if (label === undefined || label === 'repeated')
      return { id, name, kind, form: label ?? 'single', oneof: '' }
    return { id, name, kind, form: 'member', oneof: label.slice(1) }
  }

  #kind(type: FieldTable[2]): ValueKind {
    if (type.startsWith('>')) return messageKind(() => this.of(type.slice(1)))
    if (type.startsWith('#')) return enumKind(this.#enums[type.slice(1)]!)
    return scalarKinds[type as keyof typeof scalarKinds]
  }
}

const scratchBytes = 4 << 10
const scratch = new ProtobufWriter(scratchBytes)

class TableCodec {
  readonly #fields: readonly Field[]
  readonly #byId: ReadonlyMap<number, Field>

  constructor(fields: readonly Field[]) {
    this.#fields = fields
    this.#byId = new Map(fields.map((field) => [field.id, field]))
  }

  /** @throws ProtobufError where the bytes are no message of this type. */
  decode(bytes: Buffer): Shape {
    return this.read(new ProtobufReader(bytes), bytes.length)
  }

  encode(message: object): Buffer {
    scratch.reset()
    this.write(scratch, message as Shape)
    return Buffer.from(scratch.bytes())
  }

  read(reader: ProtobufReader, end: number): Shape {
    const message = this.#empty()
    while (reader.position < end) {
      const tag = reader.uint32()
      const field = this.#byId.get(tag >>> 3)
      if (!field) reader.skip(tag)
      else readField(reader, tag & 7, field, message)
    }
    if (reader.position !== end) throw new ProtobufError('a field reaches past its message')
    return message
  }

  /** The writer goes from the end towards the front. */
  write(writer: ProtobufWriter, message: Shape): void {
    for (let i = this.#fields.length - 1; i >= 0; i--) {
      const field = this.#fields[i]!
      const value = message[field.name]
      if (value !== undefined && value !== null) writeField(writer, field, value)
    }
  }

  #empty(): Shape {
    const message: Shape = {}
    for (const { form, name, kind } of this.#fields) {
      if (form === 'single') message[name] = kind.absent
      else if (form === 'repeated') message[name] = []
      else if (form === 'map') message[name] = {}
    }
    return message
  }
}

function readField(reader: ProtobufReader, wire: number, field: Field, into: Shape): void {
  const { kind, name, form } = field
  if (form === 'repeated' && wire === 2 && kind.wire !== 2) {
    const end = reader.uint32() + reader.position
    while (reader.position < end) (into[name] as unknown[]).push(kind.read(reader))
    return
  }
  if (wire !== kind.wire) throw new ProtobufError(`${name} has the wire type ${wire}`)
  const value = kind.read(reader)
  if (form === 'repeated') (into[name] as unknown[]).push(value)
  else if (form === 'map') {
    const [key, one] = value as [string, unknown]
    ;(into[name] as Shape)[key] = one
  } else into[name] = value
  if (form === 'member') into[field.oneof] = name
}

function writeField(writer: ProtobufWriter, field: Field, value: unknown): void {
  const { id, kind, form } = field
  if (form === 'single') {
    if (kind.isDefault(value)) return
    kind.write(writer, value)
    writer.uint32((id << 3) | kind.wire)
  } else if (form === 'member') {
    kind.write(writer, value)
    writer.uint32((id << 3) | kind.wire)
  } else if (form === 'repeated' && kind.wire !== 2) {
    const before = writer.length
    for (const one of (value as unknown[]).toReversed()) kind.write(writer, one)
    if (writer.length === before) return
    writer.uint32(writer.length - before)
    writer.uint32((id << 3) | 2)
  } else {
    const all = form === 'map' ? Object.entries(value as Shape) : (value as unknown[])
    for (let i = all.length - 1; i >= 0; i--) {
      kind.write(writer, all[i])
      writer.uint32((id << 3) | kind.wire)
    }
  }
}
