import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { Backoff } from '@kemu/base'
import type { Clock, Logger, Random, Timer } from '@kemu/base'
import type { GatewayPort } from '../plan/gateway-port.ts'

export interface GatewayClientDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Under which name the wish stands while nobody of the node is connected; else it ends with the connection. */
  readonly holder?: { readonly name: string; readonly lingerMs: number }
}

/** The gateway comes back at once or not at all. */
const reconnect = { initialMs: 100, maxMs: 10_000, factor: 2, jitter: 0.2 }

/**
 * Tells the gateway on the person's machine which ports shall be open there: one JSON line with the whole wish at each
 * change. The wish holds as long as the connection does. Says nothing at all while nothing is wished.
 */
export class GatewayClient {
  readonly #path: string
  readonly #deps: GatewayClientDeps
  readonly #backoff: Backoff
  #wish = ''
  #socket: Socket | undefined
  #retry: Timer | undefined
  #isClosed = false

  constructor(path: string, deps: GatewayClientDeps) {
    this.#path = path
    this.#deps = deps
    this.#backoff = new Backoff(reconnect, deps.random)
  }

  /** States the whole wish; the same wish again is not sent. */
  wish(ports: readonly GatewayPort[]): void {
    const { holder } = this.#deps
    const line = `${JSON.stringify({ ports, ...(holder && { holder }) })}\n`
    // A named one may have to take back what an earlier life of this node's proxy wished.
    const isFirstAndEmpty = this.#wish === '' && ports.length === 0 && !holder
    if (line === this.#wish || isFirstAndEmpty || this.#isClosed) return
    this.#wish = line
    if (this.#socket) this.#socket.write(line)
    else if (!this.#retry) this.#connect()
  }

  close(): void {
    this.#isClosed = true
    this.#retry?.cancel()
    this.#socket?.destroy()
  }

  #connect(): void {
    this.#retry = undefined
    const socket = connect(this.#path)
    this.#socket = socket
    let failure: Error | undefined
    socket.on('error', (error) => (failure = error))
    socket.once('connect', () => this.#backoff.reset())
    socket.once('close', () => this.#lost(failure))
    socket.resume().write(this.#wish)
  }

  #lost(failure: Error | undefined): void {
    this.#socket = undefined
    if (this.#isClosed) return
    const delayMs = this.#backoff.nextMs()
    this.#deps.logger.warn('Lost the gateway', { delayMs, err: failure })
    this.#retry = this.#deps.clock.setTimer(delayMs, () => this.#connect())
  }
}
