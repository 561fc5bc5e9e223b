import { createHash, createPublicKey } from 'node:crypto'
import { certificateSigningRequests, isAlreadyExists } from '@kemu/api'
import type { CertificateSigningRequest, Draft } from '@kemu/api'
import { sleep } from '@kemu/base'
import type { Clock, Logger } from '@kemu/base'
import type { Client } from '@kemu/client'
import { createRequest, publicKeyOf } from '@kemu/pki'
import type { RequestTemplate } from '@kemu/pki'

export interface CertificateRequest {
  readonly template: RequestTemplate
  readonly privateKey: string
  readonly signerName: string
  readonly usages: readonly string[]
  /** The same key and subject ask under the same name; undefined lets the API make one up. */
  readonly name?: string
  /** How long the request is put to a server that does not take it; 0, the default, for once. */
  readonly insistMs?: number
}

export interface RequestCertificateDeps {
  readonly client: Client
  readonly clock: Clock
  readonly logger: Logger
}

/** A signer or approver said no; asking again will not help. */
class CertificateDeniedError extends Error {
  override name = 'CertificateDeniedError'
}

const retryMs = 1_000
/** A new control plane answers any moment, and the whole node waits for it. */
const submitAgainMs = 100

/**
 * Creates a CertificateSigningRequest and waits until it is signed. Ends with the signal, or when
 * it is denied.
 */
export async function requestCertificate(
  deps: RequestCertificateDeps,
  request: CertificateRequest,
  signal: AbortSignal,
): Promise<string> {
  const { client, logger, clock } = deps
  const resource = client.resource(certificateSigningRequests)
  const csr = await submit(deps, request, signal)
  const { name, uid } = csr.metadata
  logger.info('Waiting for certificate to be issued', { csr: name, signer: request.signerName })
  let seen: CertificateSigningRequest = csr
  while (!signal.aborted) {
    const issued = readAnswer(seen, uid)
    if (issued !== undefined) return issued
    try {
      const { resourceVersion } = seen.metadata
      const options = { fieldSelector: `metadata.name=${name}`, resourceVersion }
      for await (const events of resource.watch(options, signal)) {
        for (const event of events) if (event.type !== 'BOOKMARK') seen = event.object
        const answer = readAnswer(seen, uid)
        if (answer !== undefined) return answer
      }
    } catch (error) {
      if (error instanceof CertificateDeniedError) throw error
      logger.warn('Watch of certificate request failed, trying again', { err: error as Error })
    }
    await sleep(clock, retryMs, signal)
    seen = await resource.get(name)
  }
  throw new Error('given up waiting for a certificate')
}

function readAnswer(csr: CertificateSigningRequest, uid: string): string | undefined {
  if (csr.metadata.uid !== uid)
    throw new CertificateDeniedError(`csr "${csr.metadata.name}" changed UIDs`)
  for (const { type, reason = '', message = '' } of csr.status?.conditions ?? [])
    if (type === 'Denied' || type === 'Failed')
      throw new CertificateDeniedError(
        `certificate signing request is ${type === 'Denied' ? 'denied' : 'failed'}, reason: "${reason}", message: "${message}"`,
      )
  const { certificate } = csr.status ?? {}
  return certificate ? Buffer.from(certificate, 'base64').toString() : undefined
}

/** The request is made and signed once, however often it is put. */
async function submit(
  { client, clock, logger }: RequestCertificateDeps,
  request: CertificateRequest,
  signal: AbortSignal,
): Promise<CertificateSigningRequest> {
  const draft = await draftOf(request)
  const untilMs = clock.monotonicMs() + (request.insistMs ?? 0)
  for (;;) {
    try {
      return await create(client, draft)
    } catch (error) {
      if (signal.aborted || clock.monotonicMs() >= untilMs) throw error
      logger.debug('Certificate request was not taken', { err: error as Error })
      await sleep(clock, submitAgainMs, signal)
    }
  }
}

async function draftOf(request: CertificateRequest): Promise<Draft<CertificateSigningRequest>> {
  const { template, privateKey, signerName, usages, name } = request
  const pem = (await createRequest(template, privateKey)).request
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: name === undefined ? { generateName: 'csr-' } : { name },
    spec: { request: Buffer.from(pem).toString('base64'), signerName, usages: [...usages] },
  }
}

async function create(
  client: Client,
  draft: Draft<CertificateSigningRequest>,
): Promise<CertificateSigningRequest> {
  const resource = client.resource(certificateSigningRequests)
  const { name } = draft.metadata
  try {
    return await resource.create(draft)
  } catch (error) {
    if (!isAlreadyExists(error) || name === undefined) throw error
    // This very request was made before this kubelet was restarted.
    return resource.get(name)
  }
}

/**
 * `node-csr-<digest>` of key, subject and usages (digestedName), so that a restart finds its own
 * request.
 */
export function digestedName(
  privateKey: string,
  template: RequestTemplate,
  usages: readonly string[],
): string {
  const hash = createHash('sha512-256')
  const key = createPublicKey(publicKeyOf(privateKey)).export({ type: 'spki', format: 'der' })
  const { commonName, organizations = [] } = template
  const parts = [key, ...[commonName, ...organizations, ...usages].map((text) => Buffer.from(text))]
  for (const part of parts) hash.update(`${part.toString('base64url')}|`)
  return `node-csr-${hash.digest('base64url')}`
}

/**
 * When a certificate shall be replaced: somewhere between 70 and 90 % of its life (certificate
 * manager).
 */
export function rotationDueMs(notBeforeMs: number, notAfterMs: number, chance: number): number {
  return notBeforeMs + (notAfterMs - notBeforeMs) * (0.7 + 0.2 * chance)
}
