import { readFileSync } from 'node:fs'
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

/** Asks the API server who a caller is (TokenReview) and what it may (SubjectAccessReview). */
export class DelegatedAccess implements Access {
  readonly #client: Client
  readonly #clock: Clock
  readonly #clientCaFile: string | undefined
  readonly #verdicts = new Map<string, { verdict: Verdict; untilMs: number }>()

  constructor(client: Client, clock: Clock, clientCaFile?: string) {
    this.#client = client
    this.#clock = clock
    this.#clientCaFile = clientCaFile
  }

  /** The file given by --client-ca-file, else what the API server publishes for this purpose. */
  async clientAuthority(): Promise<string | undefined> {
    if (this.#clientCaFile !== undefined) return readFileSync(this.#clientCaFile, 'utf8')
    try {
      const published = await this.#client
        .resource(configMaps, 'kube-system')
        .get('extension-apiserver-authentication')
      return published.data?.['client-ca-file']
    } catch (error) {
      if (isNotFound(error) || isForbidden(error)) return undefined
      throw error
    }
  }

  async decide(request: AccessRequest): Promise<Verdict> {
    const key = JSON.stringify([request.subject, request.token, request.path, request.verb])
    const known = this.#verdicts.get(key)
    if (known && known.untilMs > this.#clock.monotonicMs()) return known.verdict
    const user = await this.#authenticate(request)
    const verdict: Verdict = user
      ? await this.#authorize(user, request)
      : { kind: 'unauthenticated' }
    if (this.#verdicts.size >= rememberedMax) this.#verdicts.clear()
    this.#verdicts.set(key, { verdict, untilMs: this.#clock.monotonicMs() + rememberMs })
    return verdict
  }

  async #authenticate({ subject, token }: AccessRequest): Promise<User | undefined> {
    if (subject?.CN) return { username: one(subject.CN), groups: groupsOf(subject.O) }
    if (token === undefined)
      return { username: 'system:anonymous', groups: ['system:unauthenticated'] }
    const review = await this.#client.resource(tokenReviews).create({
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
    const review = await this.#client.resource(subjectAccessReviews).create({
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
    if (review.status?.allowed) return { kind: 'allowed' }
    const message = `User "${user.username}" cannot ${verb} path "${path}"`
    return { kind: 'forbidden', message: `forbidden: ${message}` }
  }
}

function one(value: string | string[]): string {
  return Array.isArray(value) ? value[0]! : value
}

function groupsOf(organizations: string | string[] | undefined): string[] {
  const given = organizations === undefined ? [] : [organizations].flat()
  return [...given, 'system:authenticated']
}
