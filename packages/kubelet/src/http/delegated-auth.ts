import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { subjectAccessReviews, tokenReviews } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type { Client } from '@kemu/client'
import type { AuthenticationConfig, AuthorizationConfig } from '../config/kubelet-configuration.ts'
import { TtlCache } from './ttl-cache.ts'

export interface User {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, string[]>>
}

export interface DelegatedAuthDeps {
  readonly clock: Clock
  readonly nodeName: string
  readonly authentication: AuthenticationConfig
  readonly authorization: AuthorizationConfig
}

const anonymous: User = {
  name: 'system:anonymous',
  uid: '',
  groups: ['system:unauthenticated'],
  extra: {},
}

/**
 * Who calls the kubelet's API, and may they? Client certificates are judged here, tokens and
 * permissions by the API server (TokenReview, SubjectAccessReview), whose answers are kept a while.
 */
export class DelegatedAuth {
  readonly #deps: DelegatedAuthDeps
  readonly #tokens: TtlCache<User>
  readonly #decisions: TtlCache<boolean>
  #client: Client | undefined

  constructor(deps: DelegatedAuthDeps) {
    this.#deps = deps
    this.#tokens = new TtlCache(deps.clock)
    this.#decisions = new TtlCache(deps.clock)
  }

  connect(client: Client): void {
    this.#client = client
  }

  /** Undefined for somebody who must not come in. */
  async authenticate(request: IncomingMessage): Promise<User | undefined> {
    const { authentication } = this.#deps
    const fromCertificate = certificateUser(request.socket as TLSSocket)
    if (fromCertificate) return fromCertificate
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (token !== undefined) return authentication.webhook ? this.#reviewToken(token) : undefined
    return authentication.anonymous ? anonymous : undefined
  }

  /** May the user do this with a subresource of this node? Throws when nobody can tell. */
  async isAllowed(user: User, verb: string, subresource: string): Promise<boolean> {
    const { authorization, nodeName } = this.#deps
    if (authorization.mode === 'AlwaysAllow') return true
    const key = JSON.stringify([user, verb, subresource])
    const known = this.#decisions.get(key)
    if (known !== undefined) return known
    const { name, uid, groups, extra } = user
    const review = await this.#api()
      .resource(subjectAccessReviews)
      .create({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        metadata: {},
        spec: {
          user: name,
          uid,
          groups: [...groups],
          extra,
          resourceAttributes: {
            verb,
            version: 'v1',
            resource: 'nodes',
            subresource,
            name: nodeName,
          },
        },
      })
    const { allowed } = review.status
    const { cacheAuthorizedTtlMs, cacheUnauthorizedTtlMs } = authorization
    this.#decisions.set(key, allowed, allowed ? cacheAuthorizedTtlMs : cacheUnauthorizedTtlMs)
    return allowed
  }

  async #reviewToken(token: string): Promise<User | undefined> {
    const key = createHash('sha256').update(token).digest('base64')
    const known = this.#tokens.get(key)
    if (known) return known
    const review = await this.#api().resource(tokenReviews).create({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: {},
      spec: { token },
    })
    const { authenticated, user } = review.status
    if (!authenticated || !user) return undefined
    const { username = '', uid = '', groups = [], extra = {} } = user
    const found = { name: username, uid, groups, extra }
    this.#tokens.set(key, found, this.#deps.authentication.webhookCacheTtlMs)
    return found
  }

  #api(): Client {
    if (!this.#client) throw new Error('there is no API server to ask')
    return this.#client
  }
}

/** A certificate that the client CA signed: common name and organizations. */
function certificateUser(socket: TLSSocket): User | undefined {
  if (!socket.authorized) return undefined
  const { subject } = socket.getPeerCertificate()
  if (!subject?.CN) return undefined
  const organizations = subject.O as string | string[] | undefined
  const groups = organizations === undefined ? [] : [organizations].flat()
  return { name: subject.CN, uid: '', groups: [...groups, 'system:authenticated'], extra: {} }
}
