import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import type { Clock, Logger } from '@kemu/base'
import type { Client } from '@kemu/client'
import { CertificateAuthority, certificateLifetimeMs, generateKeys } from '@kemu/pki'
import { CertificateStore } from './certificate-store.ts'
import { requestCertificate } from './request-certificate.ts'

export interface ServingNames {
  readonly nodeName: string
  readonly ipAddresses: readonly string[]
}

export interface ServingPair {
  readonly cert: string
  readonly key: string
}

const servingSigner = 'kubernetes.io/kubelet-serving'
const servingUsages = ['digital signature', 'server auth'] as const

/**
 * The certificate that a kubelet makes itself when nobody gave it one: kept as kubelet.crt and
 * kubelet.key, made anew when it expired or the node's addresses are others.
 */
export async function selfSignedPair(
  dir: string,
  { nodeName, ipAddresses }: ServingNames,
  nowMs: number,
): Promise<ServingPair> {
  const certFile = join(dir, 'kubelet.crt')
  const keyFile = join(dir, 'kubelet.key')
  if (existsSync(certFile) && existsSync(keyFile)) {
    const cert = readFileSync(certFile, 'utf8')
    const parsed = new X509Certificate(cert)
    const holds = Date.parse(parsed.validTo) > nowMs
    if (holds && ipAddresses.every((ip) => parsed.checkIP(ip) !== undefined))
      return { cert, key: readFileSync(keyFile, 'utf8') }
  }
  const seconds = Math.floor(nowMs / 1000)
  const authority = await CertificateAuthority.create(`${nodeName}-ca@${seconds}`, nowMs)
  const { certificate, privateKey } = await authority.issue({
    commonName: `${nodeName}@${seconds}`,
    usages: ['server auth'],
    dnsNames: [nodeName],
    ipAddresses,
    notBeforeMs: nowMs - 3_600_000,
    notAfterMs: nowMs + certificateLifetimeMs,
  })
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const cert = `${certificate}${authority.certificate}`
  writeFileSync(certFile, cert, { mode: 0o644 })
  writeFileSync(keyFile, privateKey, { mode: 0o600 })
  return { cert, key: privateKey }
}

export interface RequestServingDeps {
  readonly client: Client
  readonly clock: Clock
  readonly logger: Logger
}

/** serverTLSBootstrap: the cluster's signer is asked; somebody must approve it. */
export async function requestServingPair(
  deps: RequestServingDeps,
  dir: string,
  { nodeName, ipAddresses }: ServingNames,
  signal: AbortSignal,
): Promise<ServingPair> {
  const store = new CertificateStore(dir, 'kubelet-server')
  const standing = store.current()
  const nowMs = deps.clock.now()
  if (standing && standing.notAfterMs > nowMs && coversAll(standing.certificate, ipAddresses))
    return { cert: standing.certificate, key: standing.privateKey }
  const { privateKey } = await generateKeys()
  const template = {
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
    dnsNames: [nodeName],
    ipAddresses,
  }
  const request = { template, privateKey, signerName: servingSigner, usages: servingUsages }
  const certificate = await requestCertificate(deps, request, signal)
  store.update(certificate, privateKey, deps.clock.now())
  return { cert: certificate, key: privateKey }
}

function coversAll(certificate: string, ipAddresses: readonly string[]): boolean {
  const parsed = new X509Certificate(certificate)
  return ipAddresses.every((ip) => parsed.checkIP(ip) !== undefined)
}
