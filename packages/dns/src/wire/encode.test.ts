import * as dnsPacket from 'dns-packet'
import * as fc from 'fast-check'
import t from 'tap'
import { decodeQuery, decodeReply } from './decode.ts'
import { encodeQuestion, encodeRefusal, encodeReply } from './encode.ts'
import { reply } from './message.ts'
import type { Query, ResourceRecord } from './message.ts'

function query(over: Partial<Query> = {}, name = 'Web.default.svc.cluster.local'): Query {
  return {
    id: 77,
    question: { name, key: name.toLowerCase(), type: 'A', class: 'IN' },
    isRecursionDesired: true,
    isCheckingDisabled: false,
    edns: undefined,
    protocol: 'udp',
    client: '127.0.0.1',
    hops: 0,
    ...over,
  }
}

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/)
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'))
const ttl = fc.nat(86_400)
const record: fc.Arbitrary<ResourceRecord> = fc.oneof(
  fc
    .tuple(name, ttl, fc.ipV4())
    .map(([n, ttl, data]): ResourceRecord => ({ name: n, type: 'A', ttl, data })),
  fc
    .tuple(name, ttl, name, fc.constantFrom('CNAME' as const, 'PTR' as const, 'NS' as const))
    .map(([n, ttl, data, type]): ResourceRecord => ({ name: n, type, ttl, data })),
  fc.tuple(name, ttl, name, fc.nat(65_535)).map(([n, ttl, target, port]): ResourceRecord => ({
    name: n,
    type: 'SRV',
    ttl,
    data: { priority: 0, weight: 9, port, target },
  })),
  fc.tuple(name, ttl, name, fc.nat(2 ** 31)).map(([n, ttl, mname, serial]): ResourceRecord => ({
    name: n,
    type: 'SOA',
    ttl,
    data: { mname, rname: `hostmaster.${n}`, serial, refresh: 1, retry: 2, expire: 3, minimum: 4 },
  })),
)

t.test('what is written with compressed names, the library reads as it was meant', (t) => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 12 }), name, (answers, asked) => {
      const q = query({ protocol: 'tcp' }, asked)
      const bytes = encodeReply(q, reply('NOERROR', { answers, isAuthoritative: true }))
      const packet = dnsPacket.decode(bytes)
      t.equal(packet.flag_aa, true)
      t.equal(packet.flag_tc, false)
      t.same(packet.questions, [{ name: asked, type: 'A', class: 'IN' }])
      const plain = packet.answers!.map((answer) => {
        const { name, type, ttl, data } = answer as Exclude<typeof answer, { type: 'OPT' }>
        return { name, type, ttl, data }
      })
      t.same(plain, answers)
    }),
    { numRuns: 60 },
  )
  t.end()
})

const address = (i: number): ResourceRecord => ({
  name: 'web.default.svc.cluster.local',
  type: 'A',
  ttl: 5,
  data: `10.244.${i >> 8}.${i & 255}`,
})

t.test('a reply that comes again reads as if it were written anew', (t) => {
  const edns = fc.option(
    fc.record({
      udpSize: fc.constantFrom(512, 600, 1232),
      version: fc.constant(0),
      isDnssecOk: fc.boolean(),
    }),
    { nil: undefined },
  )
  const asked = fc.constantFrom('web.default.svc.cluster.local', 'WEB.default.svc.cluster.local')
  const some = fc
    .record({
      id: fc.nat(65_535),
      isRecursionDesired: fc.boolean(),
      isCheckingDisabled: fc.boolean(),
      edns,
      protocol: fc.constantFrom('udp' as const, 'tcp' as const),
    })
    .chain((over) => asked.map((spelling) => query(over, spelling)))
  const answers = Array.from({ length: 36 }, (_, i) => address(i))
  const kept = reply('NOERROR', { answers })
  fc.assert(
    fc.property(some, (one) => {
      t.same(encodeReply(one, kept), encodeReply(one, { ...kept }))
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('a UDP answer fits the size that the client can take, and says when it is cut', (t) => {
  const answers = Array.from({ length: 300 }, (_, i) => address(i))
  const sizes: [Query, number][] = [
    [query(), 512],
    [query({ edns: { udpSize: 100, version: 0, isDnssecOk: false } }), 512],
    [query({ edns: { udpSize: 1232, version: 0, isDnssecOk: true } }), 1232],
  ]
  for (const [q, limit] of sizes) {
    const bytes = encodeReply(q, reply('NOERROR', { answers }))
    const packet = dnsPacket.decode(bytes)
    t.ok(bytes.length <= limit && bytes.length > limit - 40, `${bytes.length} of ${limit}`)
    t.equal(packet.flag_tc, true)
    t.equal(packet.additionals!.length, q.edns ? 1 : 0)
  }
  const whole = dnsPacket.decode(
    encodeReply(query({ protocol: 'tcp' }), reply('NOERROR', { answers })),
  )
  t.equal(whole.answers!.length, 300)
  t.equal(whole.flag_tc, false)
  t.end()
})

t.test("the OPT record carries the client's size and DO bit, and the code's upper bits", (t) => {
  const q = query({ edns: { udpSize: 4096, version: 1, isDnssecOk: true } })
  const packet = dnsPacket.decode(encodeReply(q, reply('BADVERS')))
  const [opt] = packet.additionals as dnsPacket.OptAnswer[]
  t.equal(opt!.udpPayloadSize, 4096)
  t.equal(opt!.extendedRcode, 1)
  t.equal(opt!.flag_do, true)
  t.end()
})

t.test('reads what the library writes', (t) => {
  const bytes = dnsPacket.encode({
    id: 5,
    type: 'query',
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ name: 'A.b', type: 'SRV', class: 'IN' }],
  })
  const incoming = decodeQuery(bytes, 'tcp', '10.0.0.1')
  t.equal(incoming.kind, 'query')
  if (incoming.kind === 'query')
    t.match(incoming.query, { id: 5, question: { name: 'A.b', key: 'a.b', type: 'SRV' }, hops: 0 })
  t.end()
})

t.test('drops noise, refuses what is no question, and never breaks', (t) => {
  const good = encodeQuestion(9, query(), 4096)
  t.equal(decodeQuery(Buffer.alloc(5), 'udp', '').kind, 'noise')
  t.equal(decodeQuery(encodeReply(query(), reply('NOERROR')), 'udp', '').kind, 'noise')
  const update = Buffer.from(good)
  update[2] = 5 << 3
  t.match(decodeQuery(update, 'udp', ''), { kind: 'refused', rcode: 'NOTIMP', id: 9 })
  const two = Buffer.from(good)
  two[5] = 2
  t.match(decodeQuery(two, 'udp', ''), { kind: 'refused', rcode: 'FORMERR' })
  t.match(decodeQuery(good.subarray(0, 20), 'udp', ''), { kind: 'refused', rcode: 'FORMERR' })
  t.equal(dnsPacket.decode(encodeRefusal(9, 'FORMERR', true)).flags! & 0xf, 1)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      decodeQuery(Buffer.from(bytes), 'udp', '')
      decodeReply(Buffer.from(bytes))
    }),
  )
  t.end()
})
