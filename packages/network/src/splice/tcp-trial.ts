import type { Socket } from 'node:net'
import type { Clock, Timer } from '@kemu/base'

/** What the client has sent so far. */
export interface HeldBytes {
  readonly chunks: readonly Buffer[]
  readonly hasEnded: boolean
}

/** How an endpoint was lost. */
export type Loss =
  /** It surely did nothing with what it was sent: another endpoint may have that. */
  | { readonly kind: 'unread'; readonly held: HeldBytes }
  /** It closed before it was sent anything: it is ending, or this is its way. */
  | { readonly kind: 'closed at once'; readonly held: HeldBytes }
  /** Nobody knows what it did. */
  | { readonly kind: 'broken' }

export interface TrialDeps {
  readonly clock: Clock
  readonly onLost: (loss: Loss) => void
}

/** What a client sent is kept up to here until its endpoint answers. */
const replayLimitBytes = 16 * 1024
/** An endpoint that closes without a word may not have read what it was sent; its reset follows within this. */
const resetWaitMs = 20

/**
 * Splices a client and an endpoint. From connecting until the endpoint's first sign of life it is a trial that can be
 * taken back; from then on Node's pipes carry everything.
 */
export class Trial {
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #deps: TrialDeps
  #chunks: Buffer[]
  #heldBytes: number
  #hasEnded: boolean
  #isSettled = false
  #wait: Timer | undefined

  constructor(client: Socket, upstream: Socket, held: HeldBytes | undefined, deps: TrialDeps) {
    this.#client = client
    this.#upstream = upstream
    this.#deps = deps
    this.#chunks = [...(held?.chunks ?? [])]
    this.#heldBytes = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    this.#hasEnded = held?.hasEnded ?? false
    upstream.on('error', (error) => this.#onError(error))
    upstream.once('data', this.#onAnswer).once('end', this.#onSilentEnd)
    for (const chunk of this.#chunks) upstream.write(chunk)
    if (this.#hasEnded) upstream.end()
    client.on('data', this.#onClientData).once('end', this.#onClientEnd)
    client.resume()
  }

  close(): void {
    this.#wait?.cancel()
  }

  readonly #onClientData = (chunk: Buffer): void => {
    this.#chunks.push(chunk)
    this.#heldBytes += chunk.length
    this.#upstream.write(chunk)
    if (this.#heldBytes > replayLimitBytes) this.#settle()
  }

  readonly #onClientEnd = (): void => {
    this.#hasEnded = true
    this.#upstream.end()
  }

  readonly #onAnswer = (chunk: Buffer): void => {
    this.#upstream.pause()
    this.#client.write(chunk)
    this.#settle()
  }

  /** Closed before it could have read anything: as good as refused. Else a reset may tell so yet. */
  readonly #onSilentEnd = (): void => {
    if (this.#heldBytes === 0 && !this.#hasEnded)
      this.#lose({ kind: 'closed at once', held: this.#held() })
    else this.#wait = this.#deps.clock.setTimer(resetWaitMs, () => this.#settle())
  }

  /**
   * A kernel resets when data arrives for a socket that is closed, or when one is closed with data unread. While all
   * that was sent fits one read, that means that the server has read nothing.
   */
  #onError(error: NodeJS.ErrnoException): void {
    const isReset = error.code === 'ECONNRESET' || error.code === 'EPIPE'
    const isUnread = isReset && !this.#isSettled
    this.#lose(isUnread ? { kind: 'unread', held: this.#held() } : { kind: 'broken' })
  }

  #held(): HeldBytes {
    return { chunks: this.#chunks, hasEnded: this.#hasEnded }
  }

  #lose(loss: Loss): void {
    this.#detach()
    this.#client.pause()
    this.#deps.onLost(loss)
  }

  #settle(): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#detach()
    this.#chunks = []
    if (!this.#hasEnded) this.#client.pipe(this.#upstream)
    if (this.#upstream.readableEnded) this.#client.end()
    else this.#upstream.pipe(this.#client)
  }

  #detach(): void {
    this.#wait?.cancel()
    this.#client.off('data', this.#onClientData).off('end', this.#onClientEnd)
    this.#upstream.off('data', this.#onAnswer).off('end', this.#onSilentEnd)
  }
}
