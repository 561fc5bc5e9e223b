import type { PeerCertificate } from 'node:tls'
import { configMaps, isForbidden, isNotFound } from '@kemu/api'
import type { KubeObject, ResourceType } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type { Client } from '@kemu/client'

/** A request to a component's own port. */
export interface AccessRequest {
  /** The subject of a client certificate that the client authority signed. */
  readonly subject?: PeerCertificate['subject'] | undefined
  readonly token?: string | undefined
  readonly path: string
  /** The HTTP method in lower case. */
  readonly verb: string
}

export type Verdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'unauthenticated' }
  | { readonly kind: 'forbidden'; readonly message: string }

/** Who may read a component's pages. */
export interface Access {
  /** PEM of the authority of client certificates; undefined: certificates are not asked for. */
  clientAuthority(): Promise<string | undefined>
  decide(request: AccessRequest): Promise<Verdict>
}

interface User {
  readonly username: string
  readonly uid?: string
  readonly groups: readonly string[]
}

interface TokenReview extends KubeObject {
  spec: { token: string }
  status?: {
    authenticated?: boolean
    user?: { username?: string; uid?: string; groups?: string[] }
  }
}

interface SubjectAccessReview extends KubeObject {
  spec: object
  status?: { allowed?: boolean; reason?: string }
}

const tokenReviews: ResourceType<TokenReview> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  resource: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
}
const subjectAccessReviews: ResourceType<SubjectAccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  resource: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
}

/** --authorization-webhook-cache-(un)authorized-ttl and --authentication-token-webhook-cache-ttl: 10 s each. */
const rememberMs = 10_000
const rememberedMax = 1024

export interface DelegatedAccessDeps {
  readonly clock: Clock
  /** Answers TokenReviews; without it a token says nothing. */
  readonly authentication: Client | undefined
  /** Answers SubjectAccessReviews; without it only the always-allowed paths are open. */
  readonly authorization: Client | undefined
  /** PEM of --client-ca-file; it goes before what the API server publishes. */
  readonly clientCa: (() => string) | undefined
  /** Whether to read the authority that the API server publishes for this purpose. */
  readonly lookup: boolean
  /** Paths for everybody; one that ends in `*` is a prefix. */
  readonly alwaysAllowed: readonly string[]
}

/** Asks the API server who a caller is (TokenReview) and what it may (SubjectAccessReview). */
export class DelegatedAccess implements Access {
  readonly #deps: DelegatedAccessDeps
  readonly #verdicts = new Map<string, { verdict: Verdict; untilMs: number }>()

  constructor(deps: DelegatedAccessDeps) {
    this.#deps = deps
  }

  async clientAuthority(): Promise<string | undefined> {
    const { clientCa, lookup, authentication } = this.#deps
    if (clientCa) return clientCa()
    if (!lookup || !authentication) return undefined
    try {
      const published = await authentication
        .resource(configMaps, 'kube-system')
        .get('extension-apiserver-authentication')
      return published.data?.['client-ca-file']
    } catch (error) {
      if (isNotFound(error) || isForbidden(error)) return undefined
      throw error
    }
  }

  async decide(request: AccessRequest): Promise<Verdict> {
    if (this.#open(request.path)) return { kind: 'allowed' }
    const key = JSON.stringify([request.subject, request.token, request.path, request.verb])
    const known = this.#verdicts.get(key)
    if (known && known.untilMs > this.#deps.clock.monotonicMs()) return known.verdict
    const user = await this.#authenticate(request)
    const verdict: Verdict = user
      ? await this.#authorize(user, request)
      : { kind: 'unauthenticated' }
    if (this.#verdicts.size >= rememberedMax) this.#verdicts.clear()
    this.#verdicts.set(key, { verdict, untilMs: this.#deps.clock.monotonicMs() + rememberMs })
    return verdict
  }

  #open(path: string): boolean {
    return this.#deps.alwaysAllowed.some((allowed) =>
      allowed.endsWith('*') ? path.startsWith(allowed.slice(0, -1)) : path === allowed,
    )
  }

  async #authenticate({ subject, token }: AccessRequest): Promise<User | undefined> {
    if (subject?.CN) return { username: one(subject.CN), groups: groupsOf(subject.O) }
    if (token === undefined)
      return { username: 'system:anonymous', groups: ['system:unauthenticated'] }
    if (!this.#deps.authentication) return undefined
    const review = await this.#deps.authentication.resource(tokenReviews).create({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: {},
      spec: { token },
    })
    const user = review.status?.user
    if (!review.status?.authenticated || !user?.username) return undefined
    return {
      username: user.username,
      groups: user.groups ?? [],
      ...(user.uid && { uid: user.uid }),
    }
  }

  async #authorize(user: User, { path, verb }: AccessRequest): Promise<Verdict> {
    // The one group that upstream lets pass without asking (user.SystemPrivilegedGroup).
    if (user.groups.includes('system:masters')) return { kind: 'allowed' }
    const message = `User "${user.username}" cannot ${verb} path "${path}"`
    const forbidden: Verdict = { kind: 'forbidden', message: `forbidden: ${message}` }
    if (!this.#deps.authorization) return forbidden
    const review = await this.#deps.authorization.resource(subjectAccessReviews).create({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: user.username,
        groups: user.groups,
        ...(user.uid && { uid: user.uid }),
        nonResourceAttributes: { path, verb },
      },
    })
    return review.status?.allowed ? { kind: 'allowed' } : forbidden
  }
}

function one(value: string | string[]): string {
  return Array.isArray(value) ? value[0]! : value
}

function groupsOf(organizations: string | string[] | undefined): string[] {
  const given = organizations === undefined ? [] : [organizations].flat()
  return [...given, 'system:authenticated']
}
