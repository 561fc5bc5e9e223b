import { decode } from 'dns-packet'
import type { DecodedPacket, OptAnswer } from 'dns-packet'
import { rcodes, reply } from './message.ts'
import type { Edns, Query, Rcode, Reply, ResourceRecord } from './message.ts'

/** What came in: a query to answer, one to refuse with a code, or noise to drop. */
export type Incoming =
  | { readonly kind: 'query'; readonly query: Query }
  | {
      readonly kind: 'refused'
      readonly id: number
      readonly rcode: Rcode
      readonly isRecursionDesired: boolean
    }
  | { readonly kind: 'noise' }

const responseFlag = 0x8000
const queryOpcode = 0
const notifyOpcode = 4

/**
 * Reads a client's message. Responses and less than a header are dropped, other operations and other numbers of
 * questions than one are refused (as miekg/dns does before CoreDNS sees them).
 */
export function decodeQuery(bytes: Buffer, protocol: 'udp' | 'tcp', client: string): Incoming {
  if (bytes.length < 12) return { kind: 'noise' }
  const flags = bytes.readUInt16BE(2)
  if (flags & responseFlag) return { kind: 'noise' }
  const id = bytes.readUInt16BE(0)
  const isRecursionDesired = (flags & 0x100) !== 0
  const refuse = (rcode: Rcode): Incoming => ({ kind: 'refused', id, rcode, isRecursionDesired })
  const opcode = (flags >> 11) & 0xf
  if (opcode !== queryOpcode && opcode !== notifyOpcode) return refuse('NOTIMP')
  if (bytes.readUInt16BE(4) !== 1) return refuse('FORMERR')
  const packet = tryDecode(bytes)
  if (!packet) return refuse('FORMERR')
  const { name, type, class: klass = 'IN' } = packet.questions![0]!
  const plain = name === '.' ? '' : name
  const question = { name: plain, key: plain.toLowerCase(), type, class: klass }
  const isCheckingDisabled = (flags & 0x10) !== 0
  const query: Query = {
    id,
    question,
    isRecursionDesired,
    isCheckingDisabled,
    edns: ednsOf(packet),
    protocol,
    client,
    hops: 0,
  }
  return { kind: 'query', query }
}

/** Reads an upstream server's answer; undefined when it is not one. */
export function decodeReply(bytes: Buffer): { id: number; reply: Reply } | undefined {
  const packet = tryDecode(bytes)
  if (!packet?.flag_qr || packet.id === undefined) return undefined
  const opt = optOf(packet)
  const code = ((opt?.extendedRcode ?? 0) << 4) | (packet.flags! & 0xf)
  const found = Object.entries(rcodes).find(([, number]) => number === code)
  const records = (list: DecodedPacket['answers'] = []): ResourceRecord[] =>
    list.filter((record): record is ResourceRecord => record.type !== 'OPT').map(plainOwner)
  return {
    id: packet.id,
    reply: reply(found ? (found[0] as Rcode) : 'SERVFAIL', {
      isAuthoritative: packet.flag_aa,
      isRecursionAvailable: packet.flag_ra,
      isTruncated: packet.flag_tc,
      answers: records(packet.answers),
      authorities: records(packet.authorities),
      additionals: records(packet.additionals),
    }),
  }
}

function plainOwner(record: ResourceRecord): ResourceRecord {
  return record.name === '.' ? { ...record, name: '' } : record
}

function ednsOf(packet: DecodedPacket): Edns | undefined {
  const opt = optOf(packet)
  return opt && { udpSize: opt.udpPayloadSize, version: opt.ednsVersion, isDnssecOk: opt.flag_do }
}

function optOf(packet: DecodedPacket): OptAnswer | undefined {
  return packet.additionals?.find((record): record is OptAnswer => record.type === 'OPT')
}

/** The decoder throws on what is malformed: an expected no, whatever its words. */
function tryDecode(bytes: Buffer): DecodedPacket | undefined {
  try {
    return decode(bytes)
  } catch {
    return undefined
  }
}
