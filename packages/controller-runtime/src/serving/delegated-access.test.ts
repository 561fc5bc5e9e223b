import t from 'tap'
import { X509Certificate } from 'node:crypto'
import { configMaps } from '@kemu/api'
import { Client } from '@kemu/client'
import { MemoryTransport } from '@kemu/client/memory'
import { CertificateAuthority } from '@kemu/pki'
import { ManualClock } from '@kemu/base/testing'
import { DelegatedAccess } from './delegated-access.ts'
import type { DelegatedAccessDeps } from './delegated-access.ts'

interface Review {
  kind: string
  spec: { token?: string; user?: string }
  status?: object
}

const nowMs = Date.parse('2026-01-01T00:00:00Z')
const clients = await CertificateAuthority.create('clients', nowMs)
const proxies = await CertificateAuthority.create('proxies', nowMs)
const callers = {
  clientCa: undefined,
  proxyCa: undefined,
  allowedNames: ['front-proxy-client'],
  usernameHeaders: ['X-Remote-User'],
  groupHeaders: ['X-Remote-Group'],
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
    if (review.kind === 'SubjectAccessReview')
      review.status = { allowed: ['alice', 'node'].includes(review.spec.user ?? '') }
  }
  const client = new Client(transport)
  const access = new DelegatedAccess({
    clock,
    authentication: client,
    authorization: client,
    callers: { ...callers, clientCa: clients.certificate, proxyCa: proxies.certificate },
    lookup: true,
    alwaysAllowed: ['/healthz', '/open/*'],
    ...more,
  })
  return { access, clock, transport }
}

const get = { path: '/metrics', verb: 'get', headers: {} }
const bearer = (token: string) => ({ ...get, headers: { authorization: `Bearer ${token}` } })

async function certificate(
  authority: CertificateAuthority,
  commonName: string,
  ...organizations: string[]
): Promise<Buffer> {
  const [notBeforeMs, notAfterMs] = [nowMs, nowMs + 3_600_000]
  const template = { commonName, organizations, notBeforeMs, notAfterMs }
  const issued = await authority.issue({ ...template, usages: ['client auth'] })
  return new X509Certificate(issued.certificate).raw
}

t.test('health needs no name', async (t) => {
  const { access, transport } = start({ authorization: undefined })
  t.same(await access.decide({ ...get, path: '/healthz' }), { kind: 'allowed' })
  t.same(await access.decide({ ...get, path: '/open/door' }), { kind: 'allowed' })
  t.same(transport.writes, [])
})

t.test('a token is asked for, and so is what its owner may', async (t) => {
  const { access, transport } = start()
  t.same(await access.decide(bearer('good')), { kind: 'allowed' })
  t.same(transport.writes, ['create tokenreviews', 'create subjectaccessreviews'])
  t.same(await access.decide(bearer('bad')), { kind: 'unauthenticated' })
})

t.test('answers are remembered for ten seconds', async (t) => {
  const { access, clock, transport } = start()
  await access.decide(bearer('good'))
  clock.advance(9_999)
  await access.decide(bearer('good'))
  t.equal(transport.writes.length, 2)
  clock.advance(1)
  await access.decide(bearer('good'))
  t.equal(transport.writes.length, 4)
})

t.test('a certificate names its owner; masters pass without a question', async (t) => {
  const { access, transport } = start()
  const by = async (name: string, ...groups: string[]) =>
    access.decide({ ...get, certificate: await certificate(clients, name, ...groups) })
  t.same(await by('node'), { kind: 'allowed' })
  t.same(await by('other'), {
    kind: 'forbidden',
    message: 'forbidden: User "other" cannot get path "/metrics"',
  })
  const asked = transport.writes.length
  t.same(await by('admin', 'system:masters'), { kind: 'allowed' })
  t.equal(transport.writes.length, asked)
})

t.test('a front proxy speaks for the user in its headers, and for nobody else', async (t) => {
  const { access } = start()
  const headers = { 'x-remote-user': 'alice', 'x-remote-group': 'people' }
  const proxy = await certificate(proxies, 'front-proxy-client')
  t.same(await access.decide({ ...get, headers, certificate: proxy }), { kind: 'allowed' })
  const anonymous = { kind: 'forbidden', message: /"system:anonymous"/ }
  t.match(await access.decide({ ...get, certificate: proxy }), anonymous, 'no user named')
  const stranger = await certificate(proxies, 'stranger')
  t.match(await access.decide({ ...get, headers, certificate: stranger }), anonymous)
  const client = await certificate(clients, 'front-proxy-client')
  t.match(await access.decide({ ...get, headers, certificate: client }), {
    message: /User "front-proxy-client"/,
  })
})

t.test('authorities that no flag names are those that the API server publishes', async (t) => {
  const { access, transport } = start({ callers })
  await new Client(transport).resource(configMaps, 'kube-system').create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
    data: {
      'client-ca-file': clients.certificate,
      'requestheader-client-ca-file': proxies.certificate,
      'requestheader-allowed-names': '["front-proxy-client"]',
      'requestheader-username-headers': '["X-Remote-User"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
    },
  })
  t.equal((await access.authorities()).length, 2)
  const node = await certificate(clients, 'node')
  t.same(await access.decide({ ...get, certificate: node }), { kind: 'allowed' })
  const silent = start({ callers, lookup: false })
  t.same(await silent.access.authorities(), [])
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
  const node = await certificate(clients, 'node')
  t.match(await access.decide({ ...get, certificate: node }), { kind: 'forbidden' })
  t.match(await access.decide(bearer('good')), { kind: 'unauthenticated' })
})
