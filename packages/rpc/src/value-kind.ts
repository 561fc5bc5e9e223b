import type { ScalarType } from './message-table.ts'
import type { ProtobufReader, ProtobufWriter } from './protobuf.ts'

/** A message in the shape that @grpc/proto-loader gives it: see the package's guarantees. */
export type Shape = Record<string, unknown>

/** How one value of a field is read and written. */
export interface ValueKind {
  /** Protobuf's wire type: 0 a varint, 1 eight bytes, 2 bytes with their length. */
  readonly wire: 0 | 1 | 2
  /** What a field without a value reads as. */
  readonly absent: unknown
  isDefault(value: unknown): boolean
  read(reader: ProtobufReader): unknown
  write(writer: ProtobufWriter, value: unknown): void
}

/** What a codec of messages looks like from inside another message. */
interface Nested {
  read(reader: ProtobufReader, end: number): Shape
  write(writer: ProtobufWriter, message: Shape): void
}

const noBytes = Buffer.alloc(0)

function scalar<T>(
  wire: 0 | 1 | 2,
  absent: unknown,
  read: (reader: ProtobufReader) => T,
  write: (writer: ProtobufWriter, value: T) => void,
): ValueKind {
  return {
    wire,
    absent,
    isDefault: (value) => value === absent || value === 0,
    read,
    write: (writer, value) => write(writer, value as T),
  }
}

const number = (read: (reader: ProtobufReader) => number): ValueKind =>
  scalar(0, 0, read, (writer, value) => writer.int64(value))

/** Decimal strings; senders may also use numbers and bigints. */
const wide = (read: (reader: ProtobufReader) => string): ValueKind =>
  scalar<string | number | bigint>(0, '0', read, (writer, value) => writer.bigInt64(BigInt(value)))

export const scalarKinds: Readonly<Record<ScalarType, ValueKind>> = {
  string: scalar(
    2,
    '',
    (r) => r.utf8(),
    (w, value: string) => w.utf8(value),
  ),
  bytes: {
    ...scalar(
      2,
      noBytes,
      (r) => Buffer.from(r.view()),
      (w, value: Uint8Array) => w.raw(value),
    ),
    isDefault: (value) => (value as Uint8Array).length === 0,
  },
  bool: scalar(
    0,
    false,
    (r) => r.bool(),
    (w, value: boolean) => w.bool(value),
  ),
  int32: number((r) => r.int32()),
  uint32: number((r) => r.uint32()),
  int64: wide((r) => String(r.bigInt64())),
  uint64: wide((r) => String(r.bigUint64())),
  double: scalar(
    1,
    0,
    (r) => r.double(),
    (w, value: number) => w.double(value),
  ),
}

/** By name; a number that has no name stays a number. */
export function enumKind(names: Readonly<Record<number, string>>): ValueKind {
  const numbers = new Map(Object.entries(names).map(([value, name]) => [name, Number(value)]))
  return {
    wire: 0,
    absent: names[0],
    isDefault: (value) => value === names[0] || value === 0,
    read(reader) {
      const value = reader.int32()
      return names[value] ?? value
    },
    write(writer, value) {
      const number_ = typeof value === 'number' ? value : numbers.get(value as string)
      if (number_ === undefined) throw new TypeError(`no such enum value: ${String(value)}`)
      writer.int64(number_)
    },
  }
}

/** Its codec is asked for at the first message, since messages may hold themselves. */
export function messageKind(codec: () => Nested): ValueKind {
  return {
    wire: 2,
    absent: null,
    isDefault: () => false,
    read(reader) {
      const length = reader.uint32()
      return codec().read(reader, reader.position + length)
    },
    write(writer, value) {
      const before = writer.length
      codec().write(writer, value as Shape)
      writer.uint32(writer.length - before)
    },
  }
}

/** An entry of a map with strings as keys: a message of two fields. */
export function mapEntryKind(value: ValueKind): ValueKind {
  const key = scalarKinds.string
  const tags = { key: (1 << 3) | key.wire, value: (2 << 3) | value.wire }
  return {
    wire: 2,
    absent: undefined,
    isDefault: () => false,
    read(reader) {
      const end = reader.uint32() + reader.position
      const entry: [string, unknown] = ['', value.absent]
      while (reader.position < end) {
        const tag = reader.uint32()
        if (tag === tags.key) entry[0] = key.read(reader) as string
        else if (tag === tags.value) entry[1] = value.read(reader)
        else reader.skip(tag)
      }
      return entry
    },
    write(writer, entry) {
      const [name, one] = entry as [string, unknown]
      const before = writer.length
      value.write(writer, one)
      writer.uint32(tags.value)
      key.write(writer, name)
      writer.uint32(tags.key)
      writer.uint32(writer.length - before)
    },
  }
}
