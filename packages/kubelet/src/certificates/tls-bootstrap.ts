import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Clock, Logger } from '@kemu/base'
import { Client, loadKubeconfig, openTransport } from '@kemu/client'
import { formatKubeconfig, generateKeys } from '@kemu/pki'
import { CertificateStore, splitPair } from './certificate-store.ts'
import { digestedName, requestCertificate } from './request-certificate.ts'

export interface TlsBootstrapDeps {
  readonly clock: Clock
  readonly logger: Logger
}

export interface TlsBootstrapFiles {
  readonly kubeconfig: string
  readonly bootstrapKubeconfig: string
  readonly certDir: string
  readonly nodeName: string
}

export const clientSigner = 'kubernetes.io/kube-apiserver-client-kubelet'
export const clientUsages = ['digital signature', 'client auth'] as const
export const clientPairName = 'kubelet-client'

/** After that the caller begins anew: somebody may have written another bootstrap kubeconfig. */
const insistMs = 10_000

/** Is there a kubeconfig with a certificate that holds? Upstream: isClientConfigStillValid. */
export function hasValidKubeconfig(file: string, nowMs: number, logger: Logger): boolean {
  if (!existsSync(file)) return false
  try {
    const { cert, key, token } = loadKubeconfig(file)
    if (cert === undefined || key === undefined) return token !== undefined
    const pair = splitPair(`${cert}\n${key}`)
    if (pair && nowMs < pair.notAfterMs) return true
    logger.warn('Client certificate of the kubeconfig is expired or broken', { file })
  } catch (error) {
    logger.warn('Existing kubeconfig cannot be used', { file, err: error as Error })
  }
  return false
}

/**
 * TLS bootstrap: with a bootstrap token a key's certificate is asked for, and a kubeconfig written
 * that uses it. The key lies in a file of its own until then, so that a restarted kubelet continues
 * the same request.
 */
export async function bootstrapClientCertificate(
  deps: TlsBootstrapDeps,
  files: TlsBootstrapFiles,
  signal: AbortSignal,
): Promise<void> {
  const { clock, logger } = deps
  const { certDir, nodeName, bootstrapKubeconfig, kubeconfig } = files
  const access = loadKubeconfig(bootstrapKubeconfig)
  const store = new CertificateStore(certDir, clientPairName)
  const keyFile = join(certDir, 'kubelet-client.key.tmp')
  const privateKey = await loadOrGenerateKey(keyFile)
  const template = { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] }
  const client = new Client(openTransport(access, 'kubelet-bootstrap'))
  try {
    const name = digestedName(privateKey, template, clientUsages)
    const [signerName, usages] = [clientSigner, clientUsages]
    const request = { template, privateKey, signerName, usages, name, insistMs }
    const certificate = await requestCertificate({ client, clock, logger }, request, signal)
    store.update(certificate, privateKey, clock.now())
    rmSync(keyFile, { force: true })
  } finally {
    client.close()
  }
  const text = formatKubeconfig({
    clusterName: 'default-cluster',
    server: access.server,
    ...(access.grpcAddress !== undefined && { grpcAddress: access.grpcAddress }),
    ca: access.ca,
    userName: 'default-auth',
    credential: { form: 'certificate file', path: store.currentPath },
  })
  mkdirSync(dirname(kubeconfig), { recursive: true })
  writeFileSync(`${kubeconfig}.tmp`, text, { mode: 0o600 })
  renameSync(`${kubeconfig}.tmp`, kubeconfig)
  logger.info('Certificate was issued and the kubeconfig written', { kubeconfig })
}

async function loadOrGenerateKey(file: string): Promise<string> {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const { privateKey } = await generateKeys()
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, privateKey, { mode: 0o600 })
  return privateKey
}
