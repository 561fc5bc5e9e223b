import { MessageWriter } from './message-writer.ts'
import { rcodes } from './message.ts'
import type { Query, Rcode, Reply, ResourceRecord } from './message.ts'

/** The largest UDP message without EDNS, and the least that EDNS may ask for (RFC 1035 2.3.4, RFC 6891 6.2.3). */
const plainUdpBytes = 512
const largestBytes = 65_535
/** Header flags (RFC 1035 4.1.1, RFC 4035). */
const bit = { response: 0x8000, authoritative: 0x400, truncated: 0x200, desired: 0x100 }
const moreBits = { available: 0x80, checkingDisabled: 0x10 }

/** What a reply was last written as, and for what kind of query: see `encodeReply`. */
const written = new WeakMap<Reply, { readonly query: Query; readonly bytes: Buffer }>()

/**
 * The answer as bytes that fit the client's transport; records that do not fit are left out and TC tells so. A reply
 * that comes again for a query that differs in nothing but its number is copied.
 */
export function encodeReply(query: Query, reply: Reply): Buffer {
  let last = written.get(reply)
  if (!last || !looksLike(last.query, query))
    written.set(reply, (last = { query, bytes: writeReply(query, reply) }))
  const bytes = Buffer.from(last.bytes)
  bytes.writeUInt16BE(query.id, 0)
  return bytes
}

function looksLike(a: Query, b: Query): boolean {
  return (
    a.question.name === b.question.name &&
    a.question.type === b.question.type &&
    a.question.class === b.question.class &&
    a.isRecursionDesired === b.isRecursionDesired &&
    a.isCheckingDisabled === b.isCheckingDisabled &&
    a.protocol === b.protocol &&
    a.edns?.udpSize === b.edns?.udpSize &&
    a.edns?.isDnssecOk === b.edns?.isDnssecOk
  )
}

function writeReply(query: Query, reply: Reply): Buffer {
  const writer = new MessageWriter()
  header(writer, query, reply)
  writer.name(query.question.name)
  writer.type(query.question.type)
  writer.class(query.question.class)
  const optBytes = query.edns ? 11 : 0
  const limit = sizeLimit(query) - optBytes
  const sections = [reply.answers, reply.authorities, reply.additionals]
  let isTruncated = reply.isTruncated
  sections.forEach((records, i) => {
    const written = isTruncated && i > 0 ? 0 : writeFitting(writer, records, limit)
    isTruncated ||= written < records.length
    const isLast = i === sections.length - 1
    writer.setUint16(6 + 2 * i, written + (isLast && query.edns ? 1 : 0))
  })
  if (isTruncated) writer.setUint16(2, flags(query, reply) | bit.truncated)
  if (query.edns) opt(writer, query, reply.rcode)
  return writer.bytes()
}

/** The answer to what cannot even be read as a query. */
export function encodeRefusal(id: number, rcode: Rcode, isRecursionDesired: boolean): Buffer {
  const writer = new MessageWriter()
  writer.uint16(id)
  writer.uint16(bit.response | (isRecursionDesired ? bit.desired : 0) | rcodes[rcode])
  for (let i = 0; i < 4; i++) writer.uint16(0)
  return writer.bytes()
}

/** A question to another server. */
export function encodeQuestion(id: number, query: Query, udpSize: number): Buffer {
  const writer = new MessageWriter()
  writer.uint16(id)
  const cd = query.isCheckingDisabled ? moreBits.checkingDisabled : 0
  writer.uint16((query.isRecursionDesired ? bit.desired : 0) | cd)
  for (const count of [1, 0, 0, 1]) writer.uint16(count)
  writer.name(query.question.name)
  writer.type(query.question.type)
  writer.class(query.question.class)
  opt(
    writer,
    { ...query, edns: { version: 0, isDnssecOk: false, ...query.edns, udpSize } },
    'NOERROR',
  )
  return writer.bytes()
}

function sizeLimit({ protocol, edns }: Query): number {
  if (protocol === 'tcp') return largestBytes
  return Math.max(plainUdpBytes, edns?.udpSize ?? plainUdpBytes)
}

function header(writer: MessageWriter, query: Query, reply: Reply): void {
  writer.uint16(query.id)
  writer.uint16(flags(query, reply))
  for (const count of [1, 0, 0, 0]) writer.uint16(count)
}

function flags(query: Query, reply: Reply): number {
  return (
    bit.response |
    (reply.isAuthoritative ? bit.authoritative : 0) |
    (query.isRecursionDesired ? bit.desired : 0) |
    (reply.isRecursionAvailable ? moreBits.available : 0) |
    (query.isCheckingDisabled ? moreBits.checkingDisabled : 0) |
    (rcodes[reply.rcode] & 0xf)
  )
}

function writeFitting(
  writer: MessageWriter,
  records: readonly ResourceRecord[],
  limit: number,
): number {
  let written = 0
  for (const record of records) {
    const before = writer.length
    writer.record(record)
    if (writer.length > limit) {
      writer.rewind(before)
      break
    }
    written += 1
  }
  return written
}

/** The OPT record (RFC 6891 6.1.2): the client's size and DO bit come back, its options do not. */
function opt(writer: MessageWriter, { edns }: Query, rcode: Rcode): void {
  writer.name('')
  writer.type('OPT')
  writer.uint16(edns!.udpSize)
  writer.uint8(rcodes[rcode] >> 4)
  writer.uint8(0)
  writer.uint16(edns!.isDnssecOk ? 0x8000 : 0)
  writer.uint16(0)
}
