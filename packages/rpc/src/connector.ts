import { sleep, systemClock } from '@kemu/base'
import { dial } from './dial.ts'
import type { DialOptions } from './dial.ts'
import { RpcError } from './error.ts'
import { Http2Connection, keepAlive } from './http2/index.ts'
import type { KeepAlive } from './http2/index.ts'
import { status } from './status.ts'
import type { Target } from './target.ts'

/** Local servers come back within milliseconds; upstream's 1 s first delay would dominate start-up. */
const firstPauseMs = 20
const longestPauseMs = 250

export interface ConnectorOptions extends Omit<DialOptions, 'signal'> {
  readonly keepAlive: KeepAlive
}

/** Keeps one connection for all calls: made when it is first needed, and anew when it broke. */
export class Connector {
  readonly #target: Target
  readonly #options: ConnectorOptions
  readonly #closing = new AbortController()
  #connection: Http2Connection | undefined
  #dialing: Promise<Http2Connection> | undefined
  #pauseMs = firstPauseMs
  #failedMs = Number.NEGATIVE_INFINITY

  constructor(target: Target, options: ConnectorOptions) {
    this.#target = target
    this.#options = options
  }

  /** The connection that stands. */
  get current(): Http2Connection | undefined {
    return this.#connection?.isOpen ? this.#connection : undefined
  }

  /** Waits out the pause after a failure, then tries once, for all who wait. Rejects with UNAVAILABLE. */
  connect(): Promise<Http2Connection> {
    if (this.#closing.signal.aborted) return Promise.reject(closed())
    if (this.#connection?.isOpen) return Promise.resolve(this.#connection)
    this.#dialing ??= this.#dial().finally(() => (this.#dialing = undefined))
    return this.#dialing
  }

  close(): void {
    this.#closing.abort()
    this.#connection?.destroy()
  }

  async #dial(): Promise<Http2Connection> {
    const { signal } = this.#closing
    const restMs = this.#failedMs + this.#pauseMs - systemClock.monotonicMs()
    if (restMs > 0) await sleep(systemClock, restMs, signal)
    if (signal.aborted) throw closed()
    try {
      const socket = await dial(this.#target, { ...this.#options, signal })
      const connection = new Http2Connection(socket, systemClock)
      // Nothing between two processes of one machine can fall silent and not be closed.
      if (this.#target.kind === 'tcp') keepAlive(connection, systemClock, this.#options.keepAlive)
      this.#connection = connection
      this.#failedMs = Number.NEGATIVE_INFINITY
      this.#pauseMs = firstPauseMs
      return connection
    } catch (error) {
      if (this.#failedMs > Number.NEGATIVE_INFINITY)
        this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs)
      this.#failedMs = systemClock.monotonicMs()
      const why = error instanceof Error ? error.message : String(error)
      throw new RpcError(status.UNAVAILABLE, `connection error: desc = "transport: ${why}"`)
    }
  }
}

function closed(): RpcError {
  return new RpcError(status.CANCELLED, 'the channel is closed')
}
