import { mkdtempSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { certificateSigningRequests } from '@kemu/api'
import { silentLogger } from '@kemu/base'
import { Client } from '@kemu/client'
import { MemoryTransport } from '@kemu/client/memory'
import { CertificateAuthority, generateKeys, parseRequest } from '@kemu/pki'
import { SettlingClock } from '../testing/settling-clock.ts'
import { CertificateStore } from './certificate-store.ts'
import { digestedName, requestCertificate, rotationDueMs } from './request-certificate.ts'
import { selfSignedPair } from './serving-certificate.ts'

const nowMs = Date.parse('2026-01-01T00:00:00Z')
const template = { commonName: 'system:node:n1', organizations: ['system:nodes'] }
const usages = ['digital signature', 'client auth']
const signerName = 'kubernetes.io/kube-apiserver-client-kubelet'

function workDir(test: { teardown(work: () => void): void }): string {
  const dir = mkdtempSync(join(tmpdir(), 'certs-'))
  test.teardown(() => rmSync(dir, { recursive: true }))
  return dir
}

t.test('a request waits for its signature, and a restart finds the same request', async (t) => {
  const client = new Client(new MemoryTransport())
  const { privateKey } = await generateKeys()
  const deps = { client, clock: new SettlingClock(), logger: silentLogger }
  const name = digestedName(privateKey, template, usages)
  t.match(name, /^node-csr-[\w-]{43}$/)
  const request = { template, privateKey, signerName, usages, name }
  const never = new AbortController().signal
  const waiting = requestCertificate(deps, request, never)
  const resource = client.resource(certificateSigningRequests)
  const csr = await untilPresent(() => resource.get(name))
  t.match(csr.spec, { signerName, usages })
  const asked = await parseRequest(Buffer.from(csr.spec.request, 'base64').toString())
  t.match(asked, { commonName: 'system:node:n1', organizations: ['system:nodes'] })
  const again = requestCertificate(deps, request, never)
  const certificate = Buffer.from('PEM').toString('base64')
  await resource.updateStatus({ ...csr, status: { certificate } })
  t.equal(await waiting, 'PEM')
  t.equal(await again, 'PEM')
})

t.test('a server that does not answer yet is asked again with the same request', async (t) => {
  const transport = new MemoryTransport()
  const create = transport.create.bind(transport)
  const asked: object[] = []
  transport.create = (...call: Parameters<typeof create>) => {
    asked.push(call[1])
    return asked.length < 3 ? Promise.reject(new Error('connection refused')) : create(...call)
  }
  const client = new Client(transport)
  const { privateKey } = await generateKeys()
  const clock = new SettlingClock()
  const deps = { client, clock, logger: silentLogger }
  const request = { template, privateKey, signerName, usages, name: 'csr', insistMs: 1_000 }
  const stop = new AbortController()
  const waiting = requestCertificate(deps, request, stop.signal)
  const resource = client.resource(certificateSigningRequests)
  const csr = await untilPresent(async () => {
    await clock.advance(50)
    return resource.get('csr')
  })
  t.equal(asked.length, 3)
  t.same(asked[2], asked[0], 'made and signed once')
  await resource.updateStatus({ ...csr, status: { certificate: 'UEVN' } })
  t.equal(await waiting, 'PEM')
})

t.test('a server that never answers is given up after the time', async (t) => {
  const transport = new MemoryTransport()
  transport.create = () => Promise.reject(new Error('connection refused'))
  const { privateKey } = await generateKeys()
  const clock = new SettlingClock()
  const deps = { client: new Client(transport), clock, logger: silentLogger }
  const request = { template, privateKey, signerName, usages, name: 'csr', insistMs: 1_000 }
  const end = new AbortController()
  const waiting = requestCertificate(deps, request, new AbortController().signal)
  const rejected = t.rejects(waiting, /connection refused/).finally(() => end.abort())
  while (!end.signal.aborted) await clock.advance(50)
  await rejected
})

async function untilPresent<T>(get: () => Promise<T>): Promise<T> {
  for (;;) {
    const found = await get().catch(() => undefined)
    if (found) return found
    await new Promise((resolve) => setImmediate(resolve))
  }
}

t.test('a denied request says why', async (t) => {
  const client = new Client(new MemoryTransport())
  const { privateKey } = await generateKeys()
  const deps = { client, clock: new SettlingClock(), logger: silentLogger }
  const request = { template, privateKey, signerName, usages, name: 'csr' }
  const waiting = requestCertificate(deps, request, new AbortController().signal)
  const resource = client.resource(certificateSigningRequests)
  const csr = await untilPresent(() => resource.get('csr'))
  const denied = { type: 'Denied', status: 'True', reason: 'No', message: 'never' }
  await resource.updateStatus({ ...csr, status: { conditions: [denied] } })
  await t.rejects(waiting, /is denied, reason: "No", message: "never"/)
})

t.test('the store keeps dated files and a link to the current one', async (t) => {
  const dir = workDir(t)
  const authority = await CertificateAuthority.create('ca', nowMs)
  const identity = await authority.issue({
    ...template,
    usages: ['client auth'],
    notBeforeMs: nowMs,
    notAfterMs: nowMs + 10_000,
  })
  const store = new CertificateStore(dir, 'kubelet-client')
  t.equal(store.current(), undefined)
  store.update(identity.certificate, identity.privateKey, nowMs)
  t.equal(readlinkSync(store.currentPath), 'kubelet-client-2026-01-01-00-00-00.pem')
  t.equal(statSync(store.currentPath).mode & 0o777, 0o600)
  t.match(store.current(), { notBeforeMs: nowMs, notAfterMs: nowMs + 10_000 })
})

t.test('certificates are renewed between 70 and 90 per cent of their life', async (t) => {
  t.equal(rotationDueMs(0, 1000, 0), 700)
  t.equal(rotationDueMs(0, 1000, 0.999_999) <= 900, true)
})

t.test('a self-signed certificate is kept until the addresses change', async (t) => {
  const dir = workDir(t)
  const names = { nodeName: 'n1', ipAddresses: ['192.0.2.1'] }
  const first = await selfSignedPair(dir, names, nowMs)
  t.same(await selfSignedPair(dir, names, nowMs), first)
  const moved = await selfSignedPair(dir, { ...names, ipAddresses: ['192.0.2.2'] }, nowMs)
  t.not(moved.cert, first.cert)
})
