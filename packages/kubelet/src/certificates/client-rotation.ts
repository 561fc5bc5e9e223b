import { sleep } from '@kemu/base'
import type { Clock, Logger, Random } from '@kemu/base'
import type { Client } from '@kemu/client'
import { generateKeys } from '@kemu/pki'
import { CertificateStore } from './certificate-store.ts'
import { requestCertificate, rotationDueMs } from './request-certificate.ts'
import { clientPairName, clientSigner, clientUsages } from './tls-bootstrap.ts'

export interface ClientRotationDeps {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly certDir: string
  readonly nodeName: string
  /** The new certificate lies in the store: use it. */
  readonly renewed: () => void
}

const retryMs = 60_000

/** Replaces the client certificate in its last third, for as long as the signal lasts. */
export async function rotateClientCertificate(
  deps: ClientRotationDeps,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, random, logger, certDir, nodeName, renewed } = deps
  const store = new CertificateStore(certDir, clientPairName)
  while (!signal.aborted) {
    const current = store.current()
    // Credentials that came from elsewhere (kubeadm's own kubeconfig) are not ours to renew.
    if (!current) return
    const dueMs = rotationDueMs(current.notBeforeMs, current.notAfterMs, random.next())
    logger.debug('Client certificate rotation planned', { at: new Date(dueMs).toISOString() })
    if (!(await sleep(clock, Math.max(0, dueMs - clock.now()), signal))) return
    try {
      const { privateKey } = await generateKeys()
      const template = { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] }
      const request = { template, privateKey, signerName: clientSigner, usages: clientUsages }
      const certificate = await requestCertificate({ client, clock, logger }, request, signal)
      store.update(certificate, privateKey, clock.now())
      logger.info('Client certificate was rotated')
      renewed()
    } catch (error) {
      logger.warn('Client certificate was not rotated', { err: error as Error })
      await sleep(clock, retryMs, signal)
    }
  }
}
