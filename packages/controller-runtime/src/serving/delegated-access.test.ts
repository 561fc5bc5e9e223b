import t from 'tap'
import type { PeerCertificate } from 'node:tls'
import { Client } from '@kemu/client'
import { MemoryTransport } from '@kemu/client/memory'
import { ManualClock } from '../testing/manual-clock.ts'
import { DelegatedAccess } from './delegated-access.ts'
import type { DelegatedAccessDeps } from './delegated-access.ts'

interface Review {
  kind: string
  spec: { token?: string; user?: string }
  status?: object
}

/** Knows the token `good` as alice, and lets alice and the node in. */
function start(more: Partial<DelegatedAccessDeps> = {}) {
  const clock = new ManualClock()
  const transport = new MemoryTransport()
  transport.onWrite = (_, __, body) => {
    const review = body as Review
    if (review.kind === 'TokenReview')
      review.status =
        review.spec.token === 'good'
          ? { authenticated: true, user: { username: 'alice', groups: ['people'] } }
          : { authenticated: false }
    else review.status = { allowed: ['alice', 'node'].includes(review.spec.user ?? '') }
  }
  const client = new Client(transport)
  const access = new DelegatedAccess({
    clock,
    authentication: client,
    authorization: client,
    clientCa: undefined,
    lookup: true,
    alwaysAllowed: ['/healthz', '/open/*'],
    ...more,
  })
  return { access, clock, transport }
}

const get = { path: '/metrics', verb: 'get' }
const subject = (CN: string, O?: string) => ({ CN, O }) as PeerCertificate['subject']

t.test('health needs no name', async (t) => {
  const { access, transport } = start({ authorization: undefined })
  t.same(await access.decide({ ...get, path: '/healthz' }), { kind: 'allowed' })
  t.same(await access.decide({ ...get, path: '/open/door' }), { kind: 'allowed' })
  t.same(transport.writes, [])
})

t.test('a token is asked for, and so is what its owner may', async (t) => {
  const { access, transport } = start()
  t.same(await access.decide({ ...get, token: 'good' }), { kind: 'allowed' })
  t.same(transport.writes, ['create tokenreviews', 'create subjectaccessreviews'])
  t.same(await access.decide({ ...get, token: 'bad' }), { kind: 'unauthenticated' })
})

t.test('answers are remembered for ten seconds', async (t) => {
  const { access, clock, transport } = start()
  await access.decide({ ...get, token: 'good' })
  clock.advance(9_999)
  await access.decide({ ...get, token: 'good' })
  t.equal(transport.writes.length, 2)
  clock.advance(1)
  await access.decide({ ...get, token: 'good' })
  t.equal(transport.writes.length, 4)
})

t.test('a certificate names its owner; masters pass without a question', async (t) => {
  const { access, transport } = start()
  t.same(await access.decide({ ...get, subject: subject('node') }), { kind: 'allowed' })
  t.same(await access.decide({ ...get, subject: subject('other') }), {
    kind: 'forbidden',
    message: 'forbidden: User "other" cannot get path "/metrics"',
  })
  const asked = transport.writes.length
  const master = subject('admin', 'system:masters')
  t.same(await access.decide({ ...get, subject: master }), { kind: 'allowed' })
  t.equal(transport.writes.length, asked)
})

t.test('nobody in particular is anonymous, and gets no pages', async (t) => {
  const { access } = start()
  t.same(await access.decide(get), {
    kind: 'forbidden',
    message: 'forbidden: User "system:anonymous" cannot get path "/metrics"',
  })
})

t.test('without anybody to ask, only the open paths are open', async (t) => {
  const { access } = start({ authorization: undefined, authentication: undefined })
  t.match(await access.decide({ ...get, subject: subject('node') }), { kind: 'forbidden' })
  t.match(await access.decide({ ...get, token: 'good' }), { kind: 'unauthenticated' })
  t.equal(await access.clientAuthority(), undefined)
})
