import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { certificateSigningRequests } from '@kemu/api'
import type { CertificateSigningRequest } from '@kemu/api'
import { systemClock } from '@kemu/base'
import { eventually, meta } from '@kemu/controller-runtime/testing'
import { CertificateAuthority, createRequest, parseRequest } from '@kemu/pki'
import { Bench } from '../testing/bench.ts'
import { endOf } from './csr-cleaner-controller.ts'
import { CsrApprovingController } from './csr-approving-controller.ts'
import { CsrSigningController } from './csr-signing-controller.ts'
import { signerNames, whyUnfit } from './signers.ts'
import type { SignerName } from './signers.ts'

const { kubeletClient, kubeletServing } = signerNames
const clientUsages = ['digital signature', 'client auth']

function csr(
  name: string,
  request: string,
  spec: Partial<CertificateSigningRequest['spec']> = {},
): CertificateSigningRequest {
  const metadata = meta(name)
  delete metadata.namespace
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata,
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: kubeletClient,
      usages: clientUsages,
      username: 'system:node:n1',
      ...spec,
    },
    status: {},
  }
}

const node1 = { commonName: 'system:node:n1', organizations: ['system:nodes'] }
const rows: readonly [
  string,
  SignerName,
  Parameters<typeof createRequest>[0],
  string[],
  string?,
][] = [
  ['a proper kubelet client', kubeletClient, node1, clientUsages],
  [
    'another organization',
    kubeletClient,
    { ...node1, organizations: ['system:masters'] },
    clientUsages,
    'organization in request must be system:nodes',
  ],
  [
    'names that a client has no use for',
    kubeletClient,
    { ...node1, dnsNames: ['n1'] },
    clientUsages,
    'DNS SANs must not be set',
  ],
  [
    'the name of somebody who is no node',
    kubeletClient,
    { ...node1, commonName: 'admin' },
    clientUsages,
    'subject common name does not begin with system:node:',
  ],
  [
    'usages of a server',
    kubeletClient,
    node1,
    ['digital signature', 'server auth'],
    'usages did not match',
  ],
  [
    'a proper kubelet server',
    kubeletServing,
    { ...node1, ipAddresses: ['10.0.0.1'] },
    ['digital signature', 'key encipherment', 'server auth'],
  ],
  [
    'a server without names',
    kubeletServing,
    node1,
    ['digital signature', 'server auth'],
    'DNS or IP subjectAltName is required',
  ],
]
for (const [what, signer, template, usages, why] of rows)
  t.test(what, async (t) => {
    const { request } = await createRequest(template)
    t.equal(whyUnfit(signer, csr('c', request, { usages }), await parseRequest(request)), why)
  })

t.test('an allowed kubelet request is approved, and then signed', async (t) => {
  const bench = new Bench()
  t.teardown(() => bench.close())
  const folder = mkdtempSync(join(tmpdir(), 'kemu-csr-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const authority = await CertificateAuthority.create('kubernetes', systemClock.now())
  const [certFile, keyFile] = [join(folder, 'ca.crt'), join(folder, 'ca.key')]
  writeFileSync(certFile, authority.certificate)
  writeFileSync(keyFile, authority.privateKey)
  allowReviews(bench, ['nodeclient'])
  await bench.run(new CsrApprovingController(bench.deps))
  const signers = new Map([[kubeletClient as string, { certFile, keyFile }]])
  await bench.run(new CsrSigningController({ signers, durationMs: 3_600_000 }, bench.deps))
  const { request } = await createRequest(node1)
  const own = bench.client.resource(certificateSigningRequests)
  await own.create(csr('good', request, { username: 'system:bootstrap:abcdef' }))
  await eventually(async () => (await own.get('good')).status?.certificate !== undefined)
  const { status } = await own.get('good')
  t.match(status?.conditions, [
    {
      type: 'Approved',
      reason: 'AutoApproved',
      message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
    },
  ])
  const pem = Buffer.from(status?.certificate ?? '', 'base64').toString()
  t.ok(authority.signed(pem))
  t.equal(new X509Certificate(pem).subject, 'O=system:nodes\nCN=system:node:n1')
})

t.test('what nobody approved is not signed', async (t) => {
  const bench = new Bench()
  t.teardown(() => bench.close())
  allowReviews(bench, [])
  await bench.run(new CsrApprovingController(bench.deps))
  const { request } = await createRequest(node1)
  const own = bench.client.resource(certificateSigningRequests)
  await own.create(csr('denied', request))
  await eventually(() => bench.transport.writes.includes('create subjectaccessreviews'))
  t.notOk((await own.get('denied')).status?.conditions)
})

t.test('requests end an hour after their answer, and after a day without one', async (t) => {
  const created = Date.parse('2026-01-01T00:00:00Z')
  const open = csr('c', '')
  t.equal(endOf(open), created + 24 * 3_600_000)
  const lastUpdateTime = '2026-01-01T02:00:00Z'
  const denied = { type: 'Denied', status: 'True', lastUpdateTime }
  t.equal(endOf({ ...open, status: { conditions: [denied] } }), created + 3 * 3_600_000)
})

/**
 * What the server in memory does not do: lets the reviews of these subresources pass, and takes what is written to
 * `approval` for status.
 */
function allowReviews(bench: Bench, allowed: readonly string[]): void {
  bench.transport.onWrite = (verb, { resource, subresource }, body) => {
    if (subresource === 'approval') {
      const approved = structuredClone(body) as CertificateSigningRequest
      void bench.client.resource(certificateSigningRequests).updateStatus(approved)
    }
    if (verb !== 'create' || resource !== 'subjectaccessreviews') return
    const review = body as {
      spec: { resourceAttributes: { subresource: string } }
      status?: { allowed: boolean }
    }
    review.status = { allowed: allowed.includes(review.spec.resourceAttributes.subresource) }
  }
}
