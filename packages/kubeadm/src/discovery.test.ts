import { createHmac } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '@kemu/base'
import { CertificateAuthority, formatKubeconfig, publicKeyHash } from '@kemu/pki'
import { discover } from './discovery.ts'

const nowMs = systemClock.now()
const token = { id: 'abcdef', secret: '0123456789abcdef' }

/** A control plane that shows the cluster-info of `ca`, signed with `secret`. */
async function controlPlane(t: Test, ca: CertificateAuthority, secret: string): Promise<string> {
  const identity = await ca.issue({
    commonName: 'kube-apiserver',
    organizations: [],
    usages: ['server auth'],
    ipAddresses: ['127.0.0.1'],
    notBeforeMs: nowMs - 60_000,
    notAfterMs: nowMs + 3_600_000,
  })
  const kubeconfig = formatKubeconfig({
    clusterName: '',
    server: 'https://control-plane:6443',
    ca: ca.certificate,
    userName: '',
    credential: { form: 'none' },
  })
  const header = Buffer.from('{"alg":"HS256","kid":"abcdef"}').toString('base64url')
  const payload = Buffer.from(kubeconfig).toString('base64url')
  const mac = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')
  const data = { kubeconfig, 'jws-kubeconfig-abcdef': `${header}..${mac}` }
  const server = createServer(
    { cert: identity.certificate, key: identity.privateKey },
    (_, answer) => answer.end(JSON.stringify({ data })),
  )
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('a control plane that knows the token and has the pinned CA is trusted', async (t) => {
  const ca = await CertificateAuthority.create('kubernetes', nowMs)
  const server = await controlPlane(t, ca, token.secret)
  t.equal(await discover(server, token, [publicKeyHash(ca.certificate)]), ca.certificate)
})

t.test('what is wrong is said: token, secret, CA hash, address', async (t) => {
  const ca = await CertificateAuthority.create('kubernetes', nowMs)
  const server = await controlPlane(t, ca, token.secret)
  const hash = publicKeyHash(ca.certificate)
  await t.rejects(discover(server, { ...token, id: 'zzzzzz' }, [hash]), {
    reason: 'token',
    message: /for token ID "zzzzzz".*unknown or has expired.*kemu token create/,
  })
  await t.rejects(discover(server, { ...token, secret: 'fedcba9876543210' }, [hash]), {
    reason: 'token',
    message: /failed to verify JWS signature/,
  })
  await t.rejects(discover(server, token, [`sha256:${'0'.repeat(64)}`]), {
    reason: 'ca hash',
    message: /none of the public keys "sha256:\w+" are pinned/,
  })
  await t.rejects(discover('127.0.0.1:1', token, [hash]), {
    reason: 'unreachable',
    message: /cannot reach the control plane at 127\.0\.0\.1:1/,
  })
})
