import { isAlreadyExists, isNotFound, isStatusError, serviceAccounts } from '@kemu/api'
import { sleep } from '@kemu/base'
import type { Clock, Logger } from '@kemu/base'
import { Client, openTransport } from '@kemu/client'
import type { ClusterAccess, Transport } from '@kemu/client'
import { IdentityTransport } from './identity-transport.ts'

export interface IdentitiesDeps {
  readonly access: ClusterAccess
  /** The controller manager's own client; it makes accounts and asks for tokens. */
  readonly client: Client
  readonly clock: Clock
  readonly logger: Logger
  readonly userAgent: string
  /** --use-service-account-credentials. */
  readonly separate: boolean
}

const namespace = 'kube-system'
/** How long a token is asked for; it is renewed when four fifths of its time are over. */
const tokenSeconds = 3600
/** A new cluster has other work for its processors: thirty accounts and tokens cost a third of a second. */
const warmAfterMs = 6_000

interface TokenRequest {
  readonly status: { readonly token: string; readonly expirationTimestamp: string }
}

/**
 * Under which name each controller writes: one service account each (so that RBAC and audit tell them apart), or the
 * controller manager's own. All accounts share one connection; the token goes with each call.
 */
export class Identities {
  readonly #deps: IdentitiesDeps
  readonly #clients = new Map<string, Client>()
  readonly #transports: IdentityTransport[] = []
  readonly #stop = new AbortController()
  /** An account was missing, so this cluster is young and the others are likely to be missing too. */
  #isYoung = false
  #shared: { transport: Transport; token: string } | undefined

  constructor(deps: IdentitiesDeps) {
    this.#deps = deps
  }

  /** The client of one service account of kube-system, which is made at its first call; '' is our own. */
  clientOf(account: string): Client {
    if (!this.#deps.separate || account === '') return this.#deps.client
    let client = this.#clients.get(account)
    if (!client) {
      const transport = new IdentityTransport({
        clock: this.#deps.clock,
        requestToken: () => this.#requestToken(account),
        callAs: (token) => this.#callAs(token),
      })
      this.#transports.push(transport)
      this.#clients.set(account, (client = new Client(transport)))
    }
    return client
  }

  /**
   * Asks for every account's token once the start is over, one after another, so that no controller's first write
   * waits for it. Those who write before ask for their own.
   */
  async warm(): Promise<void> {
    await sleep(this.#deps.clock, warmAfterMs, this.#stop.signal)
    for (const transport of this.#transports) {
      if (this.#stop.signal.aborted) return
      // What fails here fails again, and is told, at the account's first call.
      await transport.ready().catch(() => undefined)
    }
  }

  close(): void {
    this.#stop.abort()
    this.#shared?.transport.close()
  }

  /** The shared connection with that token in place; the caller must start its call before it yields. */
  #callAs(token: string): Transport {
    this.#shared ??= this.#open(token)
    this.#shared.token = token
    return this.#shared.transport
  }

  #open(token: string): { transport: Transport; token: string } {
    const { server, ca, grpcAddress } = this.#deps.access
    const shared = { transport: undefined as unknown as Transport, token }
    shared.transport = openTransport(
      { server, ca, ...(grpcAddress !== undefined && { grpcAddress }), token: () => shared.token },
      this.#deps.userAgent,
    )
    return shared
  }

  async #requestToken(account: string): Promise<{ token: string; lifetimeMs: number }> {
    const accounts = this.#deps.client.resource(serviceAccounts, namespace)
    const ask = (): Promise<TokenRequest> =>
      accounts.createSubresource(account, 'token', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: { name: account, namespace },
        spec: { audiences: [], expirationSeconds: tokenSeconds },
      })
    if (this.#isYoung) await this.#createAccount(account)
    let answer: TokenRequest
    try {
      answer = await ask()
    } catch (error) {
      if (!isNotFound(error)) throw error
      this.#isYoung = true
      await this.#createAccount(account)
      answer = await ask()
    }
    return { token: answer.status.token, lifetimeMs: tokenSeconds * 1000 }
  }

  async #createAccount(account: string): Promise<void> {
    const { client } = this.#deps
    try {
      await client.resource(serviceAccounts, namespace).create({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: account, namespace },
      })
    } catch (error) {
      if (isAlreadyExists(error)) return
      if (isStatusError(error))
        this.#deps.logger.warn('Cannot make account', { account, err: error })
      throw error
    }
  }
}
