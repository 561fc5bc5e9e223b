import { readFileSync } from 'node:fs'
import { certificateSigningRequests, formatTime } from '@kemu/api'
import type { CertificateSigningRequest } from '@kemu/api'
import { FlagError } from '@kemu/base'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import { CertificateAuthority, parseRequest } from '@kemu/pki'
import type { ParsedRequest } from '@kemu/pki'
import type { ControllerDeps } from '../controller-deps.ts'
import type { ControllerManagerFlags } from '../flags.ts'
import { csrHas, signerNames, whyUnfit } from './signers.ts'
import type { SignerName } from './signers.ts'

/** Files of an authority; read at each signing, so that a renewed one is used at once. */
export interface SignerFiles {
  readonly certFile: string
  readonly keyFile: string
}

export interface SigningConfig {
  readonly signers: ReadonlyMap<string, SignerFiles>
  /** --cluster-signing-duration. */
  readonly durationMs: number
}

/** Certificates are dated back by this much, for clocks that go slow (signer backdate). */
const backdateMs = 5 * 60_000
/** A request cannot ask for less (minExpiration). */
const durationMsMin = 10 * 60_000

/** Signs approved requests for the four built-in signers. */
export class CsrSigningController extends OneQueueController {
  readonly #config: SigningConfig
  readonly #deps: ControllerDeps
  readonly #requests: Informer<CertificateSigningRequest>
  protected readonly controller: Controller

  constructor(config: SigningConfig, deps: ControllerDeps) {
    super()
    this.#config = config
    this.#deps = deps
    this.#requests = deps.informers.of(certificateSigningRequests)
    this.controller = new Controller(
      {
        name: 'certificate_signer',
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
    if (!csr || csr.status?.certificate) return done
    if (!csrHas(csr, 'Approved') || csrHas(csr, 'Denied') || csrHas(csr, 'Failed')) return done
    const files = this.#config.signers.get(csr.spec.signerName)
    if (!files) return done
    const request = await parseRequest(Buffer.from(csr.spec.request, 'base64').toString())
    const unfit = whyUnfit(csr.spec.signerName as SignerName, csr, request)
    if (unfit !== undefined) return this.#fail(csr, unfit)
    const certificate = await this.#sign(csr, request, files)
    const status = { ...csr.status, certificate: Buffer.from(certificate).toString('base64') }
    await this.#deps.client.resource(certificateSigningRequests).updateStatus({ ...csr, status })
    return done
  }

  async #fail(csr: CertificateSigningRequest, message: string): Promise<Result> {
    // Upstream's legacy signer never fails a request; it leaves it for others.
    if (csr.spec.signerName === signerNames.legacyUnknown) return done
    const now = formatTime(this.#deps.clock.now())
    const condition = {
      type: 'Failed',
      status: 'True',
      reason: 'SignerValidationFailure',
      message,
      lastUpdateTime: now,
      lastTransitionTime: now,
    }
    const status = { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] }
    await this.#deps.client.resource(certificateSigningRequests).updateStatus({ ...csr, status })
    return done
  }

  async #sign(
    { spec }: CertificateSigningRequest,
    request: ParsedRequest,
    { certFile, keyFile }: SignerFiles,
  ): Promise<string> {
    if (!request.signatureValid) throw new Error('the request is not signed with its own key')
    const authority = new CertificateAuthority({
      certificate: readFileSync(certFile, 'utf8'),
      privateKey: readFileSync(keyFile, 'utf8'),
    })
    const nowMs = this.#deps.clock.now()
    const usages = (spec.usages ?? []).filter(
      (usage): usage is 'client auth' | 'server auth' =>
        usage === 'client auth' || usage === 'server auth',
    )
    return authority.sign(
      {
        commonName: request.commonName,
        organizations: request.organizations,
        dnsNames: request.dnsNames,
        ipAddresses: request.ipAddresses,
        usages,
        notBeforeMs: nowMs - backdateMs,
        notAfterMs: nowMs - backdateMs + this.#durationMs(spec.expirationSeconds),
      },
      request.publicKey,
    )
  }

  #durationMs(expirationSeconds: number | undefined): number {
    const { durationMs } = this.#config
    if (expirationSeconds === undefined) return durationMs
    return Math.min(durationMs, Math.max(durationMsMin, expirationSeconds * 1000))
  }
}

const ownFlags = {
  [signerNames.apiserverClient]: 'cluster-signing-kube-apiserver-client',
  [signerNames.kubeletClient]: 'cluster-signing-kubelet-client',
  [signerNames.kubeletServing]: 'cluster-signing-kubelet-serving',
  [signerNames.legacyUnknown]: 'cluster-signing-legacy-unknown',
} as const satisfies Record<SignerName, string>

/** The authorities of the flags: one for all signers, or one for each. Throws FlagError for both at once. */
export function signersOf(flags: ControllerManagerFlags): Map<string, SignerFiles> {
  const signers = new Map<string, SignerFiles>()
  const shared = pair(flags['cluster-signing-cert-file'], flags['cluster-signing-key-file'])
  for (const [signer, flag] of Object.entries(ownFlags)) {
    const own = pair(flags[`${flag}-cert-file`], flags[`${flag}-key-file`])
    if (own && shared)
      throw new FlagError(
        'cannot specify --cluster-signing-{cert,key}-file and other --cluster-signing-*-file flags at the same time',
      )
    const files = own ?? shared
    if (files) signers.set(signer, files)
  }
  return signers
}

function pair(certFile: string | undefined, keyFile: string | undefined): SignerFiles | undefined {
  return certFile && keyFile ? { certFile, keyFile } : undefined
}
