import { readFields, WireError } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

/** runtime.Unknown: what an API object in protobuf is wrapped in. */
export interface Envelope {
  readonly apiVersion: string
  readonly kind: string
  readonly raw: Buffer
}

export const protobufMediaType = 'application/vnd.kubernetes.protobuf'

const magic = Buffer.from('k8s\0', 'latin1')

/** Throws a WireError for what does not begin like one. */
export function openEnvelope(bytes: Buffer): Envelope {
  if (!bytes.subarray(0, magic.length).equals(magic)) {
    throw new WireError(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    )
  }
  let apiVersion = ''
  let kind = ''
  let raw: Buffer = Buffer.alloc(0)
  for (const { number, value } of readFields(bytes.subarray(magic.length))) {
    if (typeof value === 'bigint') continue
    if (number === 2) raw = value
    else if (number === 1) {
      for (const type of readFields(value)) {
        if (typeof type.value === 'bigint') continue
        if (type.number === 1) apiVersion = type.value.toString()
        else if (type.number === 2) kind = type.value.toString()
      }
    }
  }
  return { apiVersion, kind, raw }
}

/** The same around a message; upstream writes its two last fields empty. */
export function sealEnvelope(apiVersion: string, kind: string, message: Buffer): Buffer {
  const writer = new WireWriter()
  for (const number of [4, 3]) writer.field(number, writer.length)
  const body = writer.length
  writer.bytes(message)
  writer.field(2, body)
  const type = writer.length
  const kindMark = writer.length
  writer.text(kind)
  writer.field(2, kindMark)
  const versionMark = writer.length
  writer.text(apiVersion)
  writer.field(1, versionMark)
  writer.field(1, type)
  writer.bytes(magic)
  return writer.finish()
}
