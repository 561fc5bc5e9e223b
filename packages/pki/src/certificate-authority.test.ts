import { createServer, request } from 'node:https'
import { X509Certificate } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import t from 'tap'
import { CertificateAuthority, createRequest, parseRequest, publicKeyHash } from './index.ts'

const nowMs = Date.now()
const times = { notBeforeMs: nowMs - 1000, notAfterMs: nowMs + 3_600_000 }

t.test('an identity it issues says what was asked and is signed by it', async (t) => {
  const ca = await CertificateAuthority.create('kubernetes', nowMs)
  const identity = await ca.issue({
    ...times,
    commonName: 'kube-apiserver',
    organizations: ['system:masters', 'other'],
    usages: ['server auth'],
    dnsNames: ['kubernetes', 'master'],
    ipAddresses: ['10.96.0.1', '127.0.0.1'],
  })
  const read = new X509Certificate(identity.certificate)
  t.equal(read.subject, 'O=system:masters\nO=other\nCN=kube-apiserver')
  t.equal(
    read.subjectAltName,
    'DNS:kubernetes, DNS:master, IP Address:10.96.0.1, IP Address:127.0.0.1',
  )
  t.equal(read.ca, false)
  t.ok(ca.signed(identity.certificate))
  t.notOk((await CertificateAuthority.create('kubernetes', nowMs)).signed(identity.certificate))
})

t.test('no certificate outlives its authority', async (t) => {
  const ca = await CertificateAuthority.create('kubernetes', nowMs)
  const far = nowMs + 100 * 365 * 24 * 3_600_000
  const { certificate } = await ca.issue({
    commonName: 'x',
    usages: [],
    notBeforeMs: nowMs,
    notAfterMs: far,
  })
  t.equal(new X509Certificate(certificate).validTo, new X509Certificate(ca.certificate).validTo)
})

t.test(
  'Node accepts a server and a client of one authority, and the server sees who the client is',
  async (t) => {
    const ca = await CertificateAuthority.create('kubernetes', nowMs)
    const server = await ca.issue({
      ...times,
      commonName: 's',
      usages: ['server auth'],
      dnsNames: ['localhost'],
    })
    const client = await ca.issue({
      ...times,
      commonName: 'system:node:worker1',
      organizations: ['system:nodes'],
      usages: ['client auth'],
    })
    const https = createServer(
      {
        cert: server.certificate,
        key: server.privateKey,
        ca: ca.certificate,
        requestCert: true,
        rejectUnauthorized: true,
      },
      (incoming, answer) =>
        answer.end((incoming.socket as TLSSocket).getPeerCertificate().subject.CN),
    )
    await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
    const { port } = https.address() as AddressInfo
    const body = await new Promise<string>((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port,
        servername: 'localhost',
        ca: ca.certificate,
        agent: false,
      }
      request({ ...options, cert: client.certificate, key: client.privateKey }, (response) => {
        response.setEncoding('utf8').on('data', resolve)
      })
        .on('error', reject)
        .end()
    })
    t.equal(body, 'system:node:worker1')
    await new Promise((resolve) => https.close(resolve))
  },
)

t.test('a request is read back with its names, key and a valid signature', async (t) => {
  const { request: pem } = await createRequest({
    commonName: 'system:node:a',
    organizations: ['system:nodes'],
    dnsNames: ['a'],
    ipAddresses: ['127.0.0.1'],
  })
  const parsed = await parseRequest(pem)
  t.match(parsed, {
    commonName: 'system:node:a',
    organizations: ['system:nodes'],
    dnsNames: ['a'],
    ipAddresses: ['127.0.0.1'],
    otherNames: [],
    signatureValid: true,
  })
  const ca = await CertificateAuthority.create('kubernetes', nowMs)
  const certificate = ca.sign({ ...times, ...parsed, usages: ['client auth'] }, parsed.publicKey)
  t.ok(ca.signed(certificate))
})

t.test('a public key hash has the form that join asks for', async (t) => {
  const ca = await CertificateAuthority.create('kubernetes', nowMs)
  t.match(publicKeyHash(ca.certificate), /^sha256:[0-9a-f]{64}$/)
})
