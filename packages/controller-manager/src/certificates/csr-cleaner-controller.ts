import { X509Certificate } from 'node:crypto'
import { certificateSigningRequests, isNotFound, parseTime } from '@kemu/api'
import type { CertificateSigningRequest } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController, requeueAfter } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'
import { csrHas } from './signers.ts'

/** approvedExpiration, deniedExpiration, pendingExpiration of upstream's cleaner. */
const lifetimesMs = { approved: 3_600_000, denied: 3_600_000, pending: 24 * 3_600_000 }

/** Deletes requests that are done with: an hour after the answer, a day without one, or when the certificate ends. */
export class CsrCleanerController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #requests: Informer<CertificateSigningRequest>
  protected readonly controller: Controller

  constructor(deps: ControllerDeps) {
    super()
    this.#deps = deps
    this.#requests = deps.informers.of(certificateSigningRequests)
    this.controller = new Controller(
      {
        name: 'certificate_cleaner',
        sources: [this.#requests],
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    this.controller.follow(this.#requests)
  }

  async #reconcile(name: string): Promise<Result> {
    const csr = this.#requests.lister.get(name)
    if (!csr) return done
    const leftMs = endOf(csr) - this.#deps.clock.now()
    if (leftMs > 0) return requeueAfter(leftMs)
    try {
      await this.#deps.client.resource(certificateSigningRequests).delete(name)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return done
  }
}

/** When the request may go, in milliseconds since 1970. */
export function endOf(csr: CertificateSigningRequest): number {
  const ends = [answerEnd(csr)]
  const certificate = csr.status?.certificate
  if (certificate) {
    const pem = Buffer.from(certificate, 'base64').toString()
    ends.push(Date.parse(new X509Certificate(pem).validTo))
  }
  return Math.min(...ends)
}

function answerEnd(csr: CertificateSigningRequest): number {
  for (const { type, lastUpdateTime } of csr.status?.conditions ?? []) {
    const since = parseTime(lastUpdateTime ?? '')
    if (type === 'Approved' && csr.status?.certificate) return since + lifetimesMs.approved
    if (type === 'Denied' || type === 'Failed') return since + lifetimesMs.denied
  }
  const approved = csrHas(csr, 'Approved')
  const life = approved ? lifetimesMs.approved : lifetimesMs.pending
  return parseTime(csr.metadata.creationTimestamp) + life
}
