import { certificateSigningRequests, formatTime, subjectAccessReviews } from '@kemu/api'
import type { CertificateSigningRequest } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import { parseRequest } from '@kemu/pki'
import type { ControllerDeps } from '../controller-deps.ts'
import { csrHas, signerNames, whyUnfit } from './signers.ts'

const recognizers = [
  {
    subresource: 'selfnodeclient',
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
    recognizes: (csr: CertificateSigningRequest, commonName: string) =>
      csr.spec.username === commonName,
  },
  {
    subresource: 'nodeclient',
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
    recognizes: () => true,
  },
]

/** Approves kubelets' client certificates when RBAC lets their makers have them (sarApprover). */
export class CsrApprovingController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #requests: Informer<CertificateSigningRequest>
  protected readonly controller: Controller

  constructor(deps: ControllerDeps) {
    super()
    this.#deps = deps
    this.#requests = deps.informers.of(certificateSigningRequests)
    this.controller = new Controller(
      {
        name: 'certificate_approver',
        sources: [this.#requests],
        reconcile: (key) => this.#reconcile(key),
        failureMsMin: 200,
      },
      deps,
    )
    this.controller.follow(this.#requests)
  }

  async #reconcile(name: string): Promise<Result> {
    const csr = this.#requests.lister.get(name)
    if (!csr || csr.status?.certificate || csrHas(csr, 'Approved') || csrHas(csr, 'Denied'))
      return done
    if (csr.spec.signerName !== signerNames.kubeletClient) return done
    const request = await parseRequest(Buffer.from(csr.spec.request, 'base64').toString())
    if (whyUnfit(signerNames.kubeletClient, csr, request) !== undefined) return done
    let recognized = false
    for (const { subresource, message, recognizes } of recognizers) {
      if (!recognizes(csr, request.commonName)) continue
      recognized = true
      if (!(await this.#authorized(csr, subresource))) continue
      await this.#approve(csr, message)
      return done
    }
    if (recognized)
      throw new Error(
        `recognized csr ${name} as self node client cert or node client cert but subject access review was not approved`,
      )
    return done
  }

  async #authorized({ spec }: CertificateSigningRequest, subresource: string): Promise<boolean> {
    const review = await this.#deps.client.resource(subjectAccessReviews).create({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: spec.username,
        ...(spec.uid && { uid: spec.uid }),
        ...(spec.groups && { groups: spec.groups }),
        ...(spec.extra && { extra: spec.extra }),
        resourceAttributes: {
          group: 'certificates.k8s.io',
          resource: 'certificatesigningrequests',
          verb: 'create',
          subresource,
          version: '*',
        },
      },
    })
    return review.status?.allowed ?? false
  }

  async #approve(csr: CertificateSigningRequest, message: string): Promise<void> {
    const now = formatTime(this.#deps.clock.now())
    const condition = {
      type: 'Approved',
      status: 'True',
      reason: 'AutoApproved',
      message,
      lastUpdateTime: now,
      lastTransitionTime: now,
    }
    const conditions = [...(csr.status?.conditions ?? []), condition]
    await this.#deps.client
      .resource(certificateSigningRequests)
      .updateSubresource(csr.metadata.name, 'approval', {
        ...csr,
        status: { ...csr.status, conditions },
      })
  }
}
