import { sleep } from '@kemu/base'
import type { Clock, Random } from '@kemu/base'

/** How long a session may wait for its client, and how many may wait: as upstream's request cache. */
const lifetimeMs = 60_000
const waitingMax = 1000

/** Too many sessions wait for a client. */
export class TooManySessions extends Error {
  override name = 'TooManySessions'
}

/** Sessions that were asked for by CRI and wait for their client: each token opens its session once. */
export class SessionTokens<Session> {
  readonly #clock: Clock
  readonly #random: Random
  readonly #waiting = new Map<string, { session: Session; cancel: AbortController }>()

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  add(session: Session): string {
    if (this.#waiting.size >= waitingMax)
      throw new TooManySessions('maximum number of in-flight requests exceeded')
    const token = this.#random.bytes(12).toString('base64url')
    const cancel = new AbortController()
    this.#waiting.set(token, { session, cancel })
    void sleep(this.#clock, lifetimeMs, cancel.signal).then(() => this.#waiting.delete(token))
    return token
  }

  take(token: string): Session | undefined {
    const waiting = this.#waiting.get(token)
    this.#waiting.delete(token)
    waiting?.cancel.abort()
    return waiting?.session
  }

  close(): void {
    for (const { cancel } of this.#waiting.values()) cancel.abort()
    this.#waiting.clear()
  }
}
