import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { CertificateAuthority, createRequest, parseRequest } from './index.ts'
import * as x509 from './x509.ts'

// What der.ts writes, read by the X.509 library and by OpenSSL (node:crypto).

const nowMs = Date.UTC(2026, 10, 21, 12)
const times = { notBeforeMs: nowMs - 1000, notAfterMs: nowMs + 3_600_000 }

t.test('the library reads every extension of a certificate as it was meant', async (t) => {
  const ca = await CertificateAuthority.create('kubernetes', nowMs)
  const authority = new x509.X509Certificate(ca.certificate)
  t.match(authority.getExtension(x509.BasicConstraintsExtension), { ca: true, critical: true })
  t.equal(
    authority.getExtension(x509.KeyUsagesExtension)?.usages,
    x509.KeyUsageFlags.digitalSignature |
      x509.KeyUsageFlags.keyEncipherment |
      x509.KeyUsageFlags.keyCertSign,
  )
  t.equal(authority.notBefore.getTime(), nowMs - 3_600_000)
  t.equal(authority.notAfter.getTime(), nowMs + 3650 * 24 * 3_600_000)
  t.ok(await authority.verify({ date: new Date(nowMs) }))

  const { certificate } = await ca.issue({
    ...times,
    commonName: 'system:node:größer',
    organizations: ['system:nodes'],
    usages: ['client auth', 'server auth'],
    dnsNames: ['worker1'],
    ipAddresses: ['10.0.0.255', 'fd00::1', '::ffff:1.2.3.4', '::'],
  })
  const leaf = new x509.X509Certificate(certificate)
  t.equal(leaf.subjectName.getField('CN')[0], 'system:node:größer')
  t.equal(leaf.issuer, authority.subject)
  t.same(leaf.getExtension(x509.ExtendedKeyUsageExtension)?.usages, [
    '1.3.6.1.5.5.7.3.2',
    '1.3.6.1.5.5.7.3.1',
  ])
  t.match(leaf.getExtension(x509.BasicConstraintsExtension), { ca: false, critical: true })
  t.equal(
    leaf.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId,
    authority.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId,
  )
  t.equal(
    new X509Certificate(certificate).subjectAltName,
    'DNS:worker1, IP Address:10.0.0.255, IP Address:FD00:0:0:0:0:0:0:1, ' +
      'IP Address:0:0:0:0:0:FFFF:102:304, IP Address:0:0:0:0:0:0:0:0',
  )
  t.ok(await leaf.verify({ publicKey: authority.publicKey, date: new Date(nowMs) }))
})

t.test('an authority with an RSA or Ed25519 key signs too', async (t) => {
  for (const kind of ['rsa', 'ed25519'] as const) {
    const publicKeyEncoding = { type: 'spki', format: 'pem' } as const
    const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const
    const { privateKey, publicKey } =
      kind === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding, privateKeyEncoding })
        : generateKeyPairSync('ed25519', { publicKeyEncoding, privateKeyEncoding })
    const root = await CertificateAuthority.create('root', nowMs)
    const template = { ...times, commonName: 'middle', usages: [] }
    const ca = new CertificateAuthority({ certificate: root.sign(template, publicKey), privateKey })
    const { certificate } = await ca.issue({ ...times, commonName: 'leaf', usages: [] })
    t.ok(new X509Certificate(certificate).verify(createPublicKey(publicKey)), kind)
  }
})

t.test('a time from 2050 on is written with its century', async (t) => {
  const late = Date.UTC(2049, 11, 31)
  const ca = await CertificateAuthority.create('late', late)
  const read = new x509.X509Certificate(ca.certificate)
  t.equal(read.notBefore.getTime(), late - 3_600_000)
  t.equal(read.notAfter.getUTCFullYear(), 2059)
})

t.test('any names of a request come back, with a valid signature', async (t) => {
  const word = fc.string({ minLength: 1, maxLength: 200 })
  await fc.assert(
    fc.asyncProperty(
      word,
      fc.array(word, { maxLength: 3 }),
      fc.array(fc.domain(), { maxLength: 4 }),
      fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 4 }),
      async (commonName, organizations, dnsNames, ipAddresses) => {
        const template = { commonName, organizations, dnsNames, ipAddresses }
        const read = await parseRequest((await createRequest(template)).request)
        if (!read.signatureValid) throw new Error('signature')
        if (read.dnsNames.join() !== dnsNames.join()) throw new Error(read.dnsNames.join())
        if (read.ipAddresses.length !== ipAddresses.length) throw new Error('addresses')
        if (read.commonName !== commonName) throw new Error(`${read.commonName}|${commonName}`)
        if (read.organizations.join() !== organizations.join()) throw new Error('organizations')
      },
    ),
    { numRuns: 60 },
  )
  t.pass('no counterexample')
})
