import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { Backoff } from '@kemu/base'
import type { Clock, Logger, Random, Timer } from '@kemu/base'

export interface ServingLeaseDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Called at each change: this process has the lease now, or gives it up while closing. */
  readonly onChange: (holds: boolean) => Promise<void>
}

/** Only while processes race for a lease that just became free; a standing holder is waited for without polling. */
const raceRetry = { initialMs: 5, maxMs: 1000, factor: 2, jitter: 1 }

/**
 * Which of a cluster's kube-proxies serves the addresses that all nodes share on loopback. The lease is a
 * listening socket: whoever can bind it has it, the kernel takes it back when its process ends, and the others hold a
 * connection to it, so that they learn of that at once and without polling.
 */
export class ServingLease {
  readonly #at: { readonly host: string; readonly port: number }
  readonly #nodeName: string
  readonly #deps: ServingLeaseDeps
  readonly #backoff: Backoff
  readonly #standbys = new Set<Socket>()
  #server: Server | undefined
  #vigil: Socket | undefined
  #retry: Timer | undefined
  #isClosed = false

  constructor(at: { host: string; port: number }, nodeName: string, deps: ServingLeaseDeps) {
    this.#at = at
    this.#nodeName = nodeName
    this.#deps = deps
    this.#backoff = new Backoff(raceRetry, deps.random)
  }

  get isHeld(): boolean {
    return this.#server !== undefined
  }

  /** Takes the lease, now or as soon as it is free; resolves when it is in use here or known to be held by another. */
  acquire(): Promise<void> {
    return new Promise((settled) => this.#attempt(settled))
  }

  close(): void {
    this.#isClosed = true
    this.#retry?.cancel()
    this.#vigil?.destroy()
    const server = this.#server
    if (!server) return
    this.#server = undefined
    // The addresses first: whoever stands by takes them as soon as the lease is free.
    void this.#deps.onChange(false)
    server.close()
    for (const standby of this.#standbys) standby.destroy()
  }

  #attempt(settled: () => void): void {
    if (this.#isClosed) return settled()
    const server = createServer((standby) => this.#greet(standby))
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') this.#standBy(settled)
      else this.#later(error, settled)
    })
    server.listen({ ...this.#at, exclusive: true }, () => {
      if (this.#isClosed) return void server.close(settled)
      this.#server = server
      this.#backoff.reset()
      this.#deps.logger.info('Serving the shared addresses')
      void this.#deps.onChange(true).then(settled)
    })
  }

  #greet(standby: Socket): void {
    this.#standbys.add(standby)
    standby.on('error', () => standby.destroy())
    standby.on('close', () => this.#standbys.delete(standby))
    standby.resume().write(`${this.#nodeName}\n`)
  }

  #standBy(settled: () => void): void {
    const vigil = connect({ ...this.#at, keepAlive: true })
    this.#vigil = vigil
    vigil.once('data', (name) => {
      settled()
      this.#backoff.reset()
      this.#deps.logger.info('Standing by', { servedBy: name.toString().trim() })
    })
    vigil.on('error', () => vigil.destroy())
    vigil.on('end', () => vigil.destroy())
    vigil.once('close', () => this.#later(undefined, settled))
  }

  #later(error: Error | undefined, settled: () => void): void {
    if (this.#isClosed) return settled()
    if (error) this.#deps.logger.warn('Cannot ask for the serving lease', { err: error })
    this.#retry = this.#deps.clock.setTimer(this.#backoff.nextMs(), () => this.#attempt(settled))
  }
}
