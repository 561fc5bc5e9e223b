import type { Answer, OptAnswer } from 'dns-packet'

/** Any record but OPT, which belongs to the message and not to its content. */
export type ResourceRecord = Exclude<Answer, OptAnswer>

/** Header codes of RFC 1035 4.1.1 and RFC 6891 6.1.3 that this server sends or understands. */
export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADVERS: 16,
} as const

export type Rcode = keyof typeof rcodes

export interface Edns {
  readonly udpSize: number
  readonly version: number
  /** DNSSEC OK: echoed; nothing here is signed. */
  readonly isDnssecOk: boolean
}

export interface Question {
  /** As the client wrote it, without the last dot; '' is the root. Owner names of answers keep this spelling. */
  readonly name: string
  /** In lower case: what names are compared by. */
  readonly key: string
  readonly type: string
  readonly class: string
}

export interface Query {
  readonly id: number
  readonly question: Question
  readonly isRecursionDesired: boolean
  readonly isCheckingDisabled: boolean
  readonly edns: Edns | undefined
  readonly protocol: 'udp' | 'tcp'
  readonly client: string
  /** How many CNAMEs led here; 0 is a client's own question. */
  readonly hops: number
}

/** What a plugin answers; the server adds what the transport needs. */
export interface Reply {
  readonly rcode: Rcode
  readonly isAuthoritative: boolean
  readonly isRecursionAvailable: boolean
  /** The upstream's own word; the server sets it also when the answer does not fit. */
  readonly isTruncated: boolean
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  readonly additionals: readonly ResourceRecord[]
  /** The plugin that answered, for metrics; the chain notes it. */
  readonly by?: string
}

export function reply(rcode: Rcode, parts: Partial<Reply> = {}): Reply {
  return {
    rcode,
    isAuthoritative: false,
    isRecursionAvailable: false,
    isTruncated: false,
    answers: [],
    authorities: [],
    additionals: [],
    ...parts,
  }
}

/** The same query for another name or type: what a CNAME leads to. */
export function askInstead(query: Query, name: string, type = query.question.type): Query {
  const question = { ...query.question, name, key: name.toLowerCase(), type }
  return { ...query, question, hops: query.hops + 1 }
}

/** Whether the name is the zone or below it; both in lower case, the root is ''. */
export function isWithin(zone: string, name: string): boolean {
  return zone === '' || name === zone || name.endsWith(`.${zone}`)
}

/** The longest of the zones that the name is in. */
export function longestZone(zones: Iterable<string>, name: string): string | undefined {
  let best: string | undefined
  for (const zone of zones)
    if (isWithin(zone, name) && zone.length >= (best?.length ?? 0)) best = zone
  return best
}

/** A name as the Corefile or an object writes it: lower case, without the last dot. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}
