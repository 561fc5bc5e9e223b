import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock, systemResolver } from '@kemu/base'
import { freePorts } from '@kemu/base/testing'
import { CertificateAuthority, certificateLifetimeMs } from '@kemu/pki'
import type { ExtendedUsage } from '@kemu/pki'
import { KVService } from '@kemu/rpc/etcd-codec'
import t from 'tap'
import { dial } from './grpc/client.ts'
import type { Channel } from './grpc/client.ts'
import { eventually } from './testing/eventually.ts'
import { startTestMember, temporaryDirectory } from './testing/test-member.ts'

type Teardown = Parameters<typeof startTestMember>[0]

const now = systemClock.now()

interface Files {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

/** Certificates as kubeadm lays them out for etcd. */
async function writeCertificate(
  directory: string,
  authority: CertificateAuthority,
  name: string,
  usages: ExtendedUsage[],
): Promise<Files> {
  const identity = await authority.issue({
    commonName: name,
    organizations: [],
    usages,
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    notBeforeMs: now - 60_000,
    notAfterMs: now + certificateLifetimeMs,
  })
  const files = {
    cert: join(directory, `${name}.crt`),
    key: join(directory, `${name}.key`),
    ca: join(directory, `${name}-ca.crt`),
  }
  writeFileSync(files.cert, identity.certificate)
  writeFileSync(files.key, identity.privateKey, { mode: 0o600 })
  writeFileSync(files.ca, authority.certificate)
  return files
}

function connect(port: number, pem: { ca: string; cert?: string; key?: string }): Promise<Channel> {
  const target = { host: '127.0.0.1', port, isSecure: true }
  return dial(target, { clock: systemClock, resolve: systemResolver, tls: () => pem })
}

t.test('clients show a certificate of the right authority, or get nothing', async (t) => {
  const directory = temporaryDirectory(t)
  const authority = await CertificateAuthority.create('etcd-ca', now)
  const stranger = await CertificateAuthority.create('other-ca', now)
  const files = await writeCertificate(directory, authority, 'server', [
    'server auth',
    'client auth',
  ])
  const { server } = await startTestMemberWithTls(t, directory, files)
  const port = server.clientPorts[0]!
  const issue = (from: CertificateAuthority) =>
    from.issue({
      commonName: 'kube-apiserver-etcd-client',
      organizations: [],
      usages: ['client auth'],
      notBeforeMs: now - 60_000,
      notAfterMs: now + certificateLifetimeMs,
    })
  const good = await issue(authority)
  const ca = authority.certificate
  const channel = await connect(port, { ca, cert: good.certificate, key: good.privateKey })
  await channel.unary(KVService.Put, { key: 'k', value: 'v' })
  t.equal((await channel.unary(KVService.Range, { key: 'k' })).kvs[0]?.value, 'v')
  channel.close()
  const refused = async (pem: { ca: string; cert?: string; key?: string }): Promise<unknown> => {
    const channel = await connect(port, pem)
    // TLS 1.3 tells a client of its refusal only after the handshake.
    return channel.unary(KVService.Range, { key: 'k' }).finally(() => channel.close())
  }
  const bad = await issue(stranger)
  await t.rejects(refused({ ca, cert: bad.certificate, key: bad.privateKey }), 'a stranger')
  await t.rejects(refused({ ca }), 'nobody')
  await t.rejects(
    refused({ ca: stranger.certificate, cert: good.certificate, key: good.privateKey }),
  )
})

async function startTestMemberWithTls(t: Teardown, directory: string, files: Files) {
  const [clientPort] = await freePorts(1)
  const member = await startTestMember(t, {
    directory: join(directory, 'data'),
    connects: false,
    flags: [
      `--listen-client-urls=https://127.0.0.1:${clientPort}`,
      `--cert-file=${files.cert}`,
      `--key-file=${files.key}`,
      `--trusted-ca-file=${files.ca}`,
      '--client-cert-auth',
    ],
  })
  return member
}

t.test('members speak TLS with each other, known by certificate', async (t) => {
  const directory = temporaryDirectory(t)
  const authority = await CertificateAuthority.create('etcd-ca', now)
  const files = await writeCertificate(directory, authority, 'peer', ['server auth', 'client auth'])
  const ports = await freePorts(3)
  const cluster = ports.map((port, i) => `m${i}=https://localhost:${port}`).join()
  const members = await Promise.all(
    ports.map((port, i) =>
      startTestMember(t, {
        directory: join(directory, `m${i}`),
        flags: [
          `--name=m${i}`,
          `--listen-peer-urls=https://127.0.0.1:${port}`,
          `--initial-advertise-peer-urls=https://localhost:${port}`,
          `--initial-cluster=${cluster}`,
          `--peer-cert-file=${files.cert}`,
          `--peer-key-file=${files.key}`,
          `--peer-trusted-ca-file=${files.ca}`,
          '--peer-client-cert-auth',
          '--heartbeat-interval=50',
          '--election-timeout=1000',
        ],
      }),
    ),
  )
  await eventually(() => members[0]!.channel.unary(KVService.Put, { key: 'k', value: 'v' }))
  for (const { channel } of members) {
    const { kvs } = await eventually(() => channel.unary(KVService.Range, { key: 'k' }))
    t.equal(kvs[0]?.value, 'v')
  }
})
