import type { Reply, ResourceRecord } from '../wire/message.ts'

/** How an answer is kept (RFC 2308; CoreDNS: response.Typify): `other` is not. */
export type ReplyKind = 'success' | 'denial' | 'servfail' | 'other'

/** 5 s: the least that any answer is kept (CoreDNS: MinimalDefaultTTL). */
const leastSeconds = 5
/** 1 h (CoreDNS: MaximumDefaultTTL). */
const mostSeconds = 3600

export function kindOf({ rcode, answers, authorities }: Reply): ReplyKind {
  const hasSoa = authorities.some((record) => record.type === 'SOA')
  switch (rcode) {
    case 'NOERROR':
      return answers.length === 0 && hasSoa ? 'denial' : 'success'
    case 'NXDOMAIN':
      return hasSoa ? 'denial' : 'other'
    case 'SERVFAIL':
    case 'NOTIMP':
      return hasSoa ? 'other' : 'servfail'
    default:
      return 'other'
  }
}

/** The shortest time to live in the answer. */
export function minimalTtl(reply: Reply, kind: ReplyKind): number {
  const records = [...reply.answers, ...reply.authorities, ...reply.additionals]
  if (kind === 'other' || kind === 'servfail' || records.length === 0) return leastSeconds
  return Math.min(mostSeconds, ...records.map((record) => record.ttl ?? 0))
}

export function capTtl(
  seconds: number,
  limits: { readonly minTtlSeconds: number; readonly maxTtlSeconds: number },
): number {
  return Math.min(Math.max(seconds, limits.minTtlSeconds), limits.maxTtlSeconds)
}

/** Every record with the same time to live; the reply itself where that is so already. */
export function withTtl(reply: Reply, ttl: number): Reply {
  const { answers, authorities, additionals } = reply
  const isSo = (record: ResourceRecord): boolean => record.ttl === ttl
  if (answers.every(isSo) && authorities.every(isSo) && additionals.every(isSo)) return reply
  const set = (records: readonly ResourceRecord[]): ResourceRecord[] =>
    records.map((record) => ({ ...record, ttl }))
  return {
    ...reply,
    answers: set(answers),
    authorities: set(authorities),
    additionals: set(additionals),
  }
}
