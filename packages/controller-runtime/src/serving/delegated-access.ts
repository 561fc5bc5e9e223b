import type { IncomingHttpHeaders } from 'node:http'
import { configMaps, isForbidden, isNotFound, subjectAccessReviews, tokenReviews } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type { Client } from '@kemu/client'
import { userOfCertificate } from './caller-certificate.ts'
import type { CallerAuthorities } from './caller-certificate.ts'

/** A request to a component's own port. */
export interface AccessRequest {
  /** A client certificate (DER) that one of the authorities signed. */
  readonly certificate?: Buffer | undefined
  readonly headers: IncomingHttpHeaders
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
  /** PEM bundles of those whose certificates are taken; none: certificates are not asked for. */
  authorities(): Promise<readonly string[]>
  decide(request: AccessRequest): Promise<Verdict>
}

interface User {
  readonly username: string
  readonly uid?: string
  readonly groups: readonly string[]
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
  /** What the flags say; an authority that they do not name is read from what the API server publishes. */
  readonly callers: CallerAuthorities
  readonly lookup: boolean
  /** Paths for everybody; one that ends in `*` is a prefix. */
  readonly alwaysAllowed: readonly string[]
}

/** Asks the API server who a caller is (TokenReview) and what it may (SubjectAccessReview). */
export class DelegatedAccess implements Access {
  readonly #deps: DelegatedAccessDeps
  #callers: Promise<CallerAuthorities> | undefined
  readonly #verdicts = new Map<string, { verdict: Verdict; untilMs: number }>()

  constructor(deps: DelegatedAccessDeps) {
    this.#deps = deps
  }

  async authorities(): Promise<readonly string[]> {
    this.#callers ??= this.#findCallers()
    this.#callers.catch(() => (this.#callers = undefined))
    const { clientCa, proxyCa } = await this.#callers
    return [clientCa, proxyCa].filter((bundle) => bundle !== undefined)
  }

  async decide(request: AccessRequest): Promise<Verdict> {
    if (this.#open(request.path)) return { kind: 'allowed' }
    const key = await this.#keyOf(request)
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

  /** The flags' authorities, completed by extension-apiserver-authentication of kube-system. */
  async #findCallers(): Promise<CallerAuthorities> {
    const { callers, lookup, authentication } = this.#deps
    const complete = callers.clientCa !== undefined && callers.proxyCa !== undefined
    if (complete || !lookup || !authentication) return callers
    try {
      const { data } = await authentication
        .resource(configMaps, 'kube-system')
        .get('extension-apiserver-authentication')
      return { ...callers, ...published(data ?? {}, callers) }
    } catch (error) {
      if (isNotFound(error) || isForbidden(error)) return callers
      throw error
    }
  }

  async #keyOf({ certificate, headers, path, verb }: AccessRequest): Promise<string> {
    const { usernameHeaders, groupHeaders } = (await this.#callers) ?? this.#deps.callers
    const named = [...usernameHeaders, ...groupHeaders].map((name) => headers[name.toLowerCase()])
    return JSON.stringify([
      certificate?.toString('base64'),
      headers.authorization,
      named,
      path,
      verb,
    ])
  }

  async #authenticate({ certificate, headers }: AccessRequest): Promise<User | undefined> {
    if (certificate) {
      await this.authorities()
      const user = userOfCertificate(certificate, headers, await this.#callers!)
      if (user) return { ...user, groups: [...user.groups, 'system:authenticated'] }
    }
    const token = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1]
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
        groups: [...user.groups],
        ...(user.uid && { uid: user.uid }),
        nonResourceAttributes: { path, verb },
      },
    })
    return review.status?.allowed ? { kind: 'allowed' } : forbidden
  }
}

/** What of the API server's publication the flags leave open. */
function published(
  data: Readonly<Record<string, string>>,
  { clientCa, proxyCa }: CallerAuthorities,
): Partial<CallerAuthorities> {
  const list = (name: string): string[] => JSON.parse(data[name] ?? '[]') as string[]
  return {
    clientCa: clientCa ?? data['client-ca-file'],
    ...(proxyCa === undefined && {
      proxyCa: data['requestheader-client-ca-file'],
      allowedNames: list('requestheader-allowed-names'),
      usernameHeaders: list('requestheader-username-headers'),
      groupHeaders: list('requestheader-group-headers'),
    }),
  }
}
