import { parseTime, serviceAccounts } from '@kemu/api'
import type { Pod } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type { Client } from '@kemu/client'

interface TokenAnswer {
  readonly status: { readonly token: string; readonly expirationTimestamp: string }
}

interface Cached {
  readonly token: string
  readonly expiresAtMs: number
  readonly refreshAtMs: number
}

/** maxTTL of the token manager. */
const longestUseMs = 24 * 3_600_000

/**
 * Tokens of service accounts, bound to one pod each, asked for again when four fifths of their life
 * or a day has passed. Upstream counterpart: kubelet/token Manager.
 */
export class TokenCache {
  readonly #client: Client
  readonly #clock: Clock
  readonly #tokens = new Map<string, Cached>()

  constructor(client: Client, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  async get(pod: Pod, audience: string, expirationSeconds: number): Promise<string> {
    const { uid, name, namespace = '' } = pod.metadata
    const account = pod.spec.serviceAccountName || 'default'
    const key = [uid, account, audience, expirationSeconds].join('|')
    const known = this.#tokens.get(key)
    const nowMs = this.#clock.now()
    if (known && nowMs < known.refreshAtMs) return known.token
    try {
      const answer = await this.#client
        .resource(serviceAccounts, namespace)
        .createSubresource<TokenAnswer>(account, 'token', {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          metadata: {},
          spec: {
            audiences: audience === '' ? [] : [audience],
            expirationSeconds,
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
          },
        })
      const { token, expirationTimestamp } = answer.status
      const expiresAtMs = parseTime(expirationTimestamp)
      const refreshAtMs = nowMs + Math.min(longestUseMs, (expiresAtMs - nowMs) * 0.8)
      this.#tokens.set(key, { token, expiresAtMs, refreshAtMs })
      return token
    } catch (error) {
      if (known && nowMs < known.expiresAtMs) return known.token
      throw new Error(`failed to fetch token: ${(error as Error).message}`, { cause: error })
    }
  }

  /** When the pod's next token is due, in milliseconds from now; undefined when it has none. */
  dueInMs(podUid: string): number | undefined {
    const dues = [...this.#tokens]
      .filter(([key]) => key.startsWith(`${podUid}|`))
      .map(([, { refreshAtMs }]) => refreshAtMs - this.#clock.now())
    return dues.length > 0 ? Math.max(0, Math.min(...dues)) : undefined
  }

  forget(podUid: string): void {
    for (const key of this.#tokens.keys())
      if (key.startsWith(`${podUid}|`)) this.#tokens.delete(key)
  }
}
