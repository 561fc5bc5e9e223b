import { X509Certificate } from 'node:crypto'
import { apiServiceAddress } from '@kemu/network'
import { CertificateAuthority, certificateLifetimeMs, generateKeys } from '@kemu/pki'
import type { CertificateTemplate, ExtendedUsage, Identity } from '@kemu/pki'
import type { ClusterSpec, HostSpec } from '../cluster-spec.ts'
import { controlPlaneName } from '../cluster-spec.ts'
import { HostFiles } from '../host-files.ts'

export const pkiDir = '/etc/kubernetes/pki'

/** The authorities of a cluster and the key that signs service-account tokens. */
export interface ClusterAuthorities {
  readonly ca: CertificateAuthority
  readonly frontProxyCa: CertificateAuthority
  readonly etcdCa: CertificateAuthority
  readonly serviceAccountKey: { readonly privateKey: string; readonly publicKey: string }
}

interface LeafTemplate {
  readonly file: string
  readonly by: keyof Omit<ClusterAuthorities, 'serviceAccountKey'>
  readonly commonName: string
  readonly organizations?: readonly string[]
  readonly usages: readonly ExtendedUsage[]
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
}

/** A certificate is renewed when less than this is left of it. */
const renewBeforeMs = 30 * 24 * 3_600_000

/** Phase certs, the authorities: reads what stands below this directory and makes what is missing. */
export async function prepareAuthorities(dir: string, nowMs: number): Promise<ClusterAuthorities> {
  const files = new HostFiles(dir)
  const [ca, frontProxyCa, etcdCa, serviceAccountKey] = await Promise.all([
    authority(files, 'ca', 'kubernetes', nowMs),
    authority(files, 'front-proxy-ca', 'front-proxy-ca', nowMs),
    authority(files, 'etcd/ca', 'etcd-ca', nowMs),
    signingKey(files),
  ])
  return { ca, frontProxyCa, etcdCa, serviceAccountKey }
}

/** Phase certs, a control-plane host: what an API server needs. Serving certificates follow the host's address. */
export async function prepareControlPlaneCerts(
  spec: ClusterSpec,
  host: HostSpec,
  authorities: ClusterAuthorities,
  nowMs: number,
): Promise<void> {
  const files = new HostFiles(host.dir)
  writeAuthority(files, 'ca', authorities.ca)
  writeAuthority(files, 'front-proxy-ca', authorities.frontProxyCa)
  files.writeSecret(`${pkiDir}/sa.key`, authorities.serviceAccountKey.privateKey)
  files.write(`${pkiDir}/sa.pub`, authorities.serviceAccountKey.publicKey)
  await issueAll(files, authorities, apiserverLeaves(spec, host), nowMs)
}

/** Phase certs, a host with a member of etcd. */
export async function prepareEtcdCerts(
  host: HostSpec,
  authorities: ClusterAuthorities,
  nowMs: number,
): Promise<void> {
  const files = new HostFiles(host.dir)
  writeAuthority(files, 'etcd/ca', authorities.etcdCa)
  await issueAll(files, authorities, etcdLeaves(host), nowMs)
}

function apiserverLeaves(spec: ClusterSpec, host: HostSpec): LeafTemplate[] {
  const extra = spec.extraSans
  const isIp = (san: string): boolean => /^[\d.]+$|:/.test(san)
  return [
    {
      file: 'apiserver',
      by: 'ca',
      commonName: 'kube-apiserver',
      usages: ['server auth'],
      dnsNames: [
        controlPlaneName,
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        `kubernetes.default.svc.${spec.dnsDomain}`,
        host.name,
        ...extra.filter((san) => !isIp(san)),
      ],
      ipAddresses: [apiServiceAddress(spec.plan), host.address, ...extra.filter(isIp)],
    },
    {
      file: 'apiserver-kubelet-client',
      by: 'ca',
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['kubeadm:cluster-admins'],
      usages: ['client auth'],
    },
    {
      file: 'front-proxy-client',
      by: 'frontProxyCa',
      commonName: 'front-proxy-client',
      usages: ['client auth'],
    },
    {
      file: 'apiserver-etcd-client',
      by: 'etcdCa',
      commonName: 'kube-apiserver-etcd-client',
      usages: ['client auth'],
    },
  ]
}

function etcdLeaves(host: HostSpec): LeafTemplate[] {
  const names = {
    dnsNames: [host.name, 'localhost'],
    ipAddresses: [host.address, '127.0.0.1', '::1'],
  }
  const both: readonly ExtendedUsage[] = ['server auth', 'client auth']
  return [
    { file: 'etcd/server', by: 'etcdCa', commonName: host.name, usages: both, ...names },
    { file: 'etcd/peer', by: 'etcdCa', commonName: host.name, usages: both, ...names },
    {
      file: 'etcd/healthcheck-client',
      by: 'etcdCa',
      commonName: 'kube-etcd-healthcheck-client',
      usages: ['client auth'],
    },
  ]
}

async function issueAll(
  files: HostFiles,
  authorities: ClusterAuthorities,
  leaves: readonly LeafTemplate[],
  nowMs: number,
): Promise<void> {
  await Promise.all(leaves.map((leaf) => issue(files, authorities[leaf.by], leaf, nowMs)))
}

async function issue(
  files: HostFiles,
  authority: CertificateAuthority,
  leaf: LeafTemplate,
  nowMs: number,
): Promise<void> {
  const standing = files.read(`${pkiDir}/${leaf.file}.crt`)
  if (standing !== undefined && stillGood(standing, leaf, authority, nowMs)) return
  const template: CertificateTemplate = {
    organizations: [],
    ...leaf,
    notBeforeMs: nowMs - 60_000,
    notAfterMs: nowMs + certificateLifetimeMs,
  }
  writeIdentity(files, leaf.file, await authority.issue(template))
}

/** Whether a certificate on disk says what the template says, by this authority, for long enough. */
function stillGood(
  pem: string,
  leaf: LeafTemplate,
  authority: CertificateAuthority,
  nowMs: number,
): boolean {
  const certificate = new X509Certificate(pem)
  const alternative = certificate.subjectAltName ?? ''
  const named = new Set(alternative.split(', ').map((entry) => entry.replace(/^[^:]*:/, '')))
  const wanted = [...(leaf.dnsNames ?? []), ...(leaf.ipAddresses ?? [])]
  return (
    Date.parse(certificate.validTo) - nowMs > renewBeforeMs &&
    authority.signed(pem) &&
    wanted.every((name) => named.has(name) || named.has(longForm(name)))
  )
}

/** Node prints `::1` as 0:0:0:0:0:0:0:1. */
function longForm(name: string): string {
  return name === '::1' ? '0:0:0:0:0:0:0:1' : name
}

async function authority(
  files: HostFiles,
  file: string,
  commonName: string,
  nowMs: number,
): Promise<CertificateAuthority> {
  const certificate = files.read(`${pkiDir}/${file}.crt`)
  const privateKey = files.read(`${pkiDir}/${file}.key`)
  if (certificate !== undefined && privateKey !== undefined) {
    return new CertificateAuthority({ certificate, privateKey })
  }
  const created = await CertificateAuthority.create(commonName, nowMs)
  writeAuthority(files, file, created)
  return created
}

function writeAuthority(files: HostFiles, file: string, authority: CertificateAuthority): void {
  writeIdentity(files, file, authority)
}

function writeIdentity(files: HostFiles, file: string, identity: Identity): void {
  files.writeSecret(`${pkiDir}/${file}.key`, identity.privateKey)
  files.write(`${pkiDir}/${file}.crt`, identity.certificate)
}

async function signingKey(
  files: HostFiles,
): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  const privateKey = files.read(`${pkiDir}/sa.key`)
  const publicKey = files.read(`${pkiDir}/sa.pub`)
  if (privateKey !== undefined && publicKey !== undefined) return { privateKey, publicKey }
  const created = await generateKeys()
  files.writeSecret(`${pkiDir}/sa.key`, created.privateKey)
  files.write(`${pkiDir}/sa.pub`, created.publicKey)
  return created
}
