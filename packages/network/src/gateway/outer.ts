import type { ChildProcess } from 'node:child_process'
import { createServer, Server } from 'node:net'
import type { Socket } from 'node:net'
import { sleep } from '@kemu/base'
import type { Clock, Logger, Timer } from '@kemu/base'
import type { ToInner } from './inner.ts'

/** A port may be held only until the inner half has closed its side of it. */
const retryMs = 500
/** How long a port that cannot be done without may be held. */
const reserveMs = 5_000

/**
 * The half of the gateway on the person's machine: it opens ports on 127.0.0.1 and hands the listening sockets to the
 * inner half. It holds no connection itself.
 */
export class OuterGateway {
  readonly #deps: { readonly clock: Clock; readonly logger: Logger }
  readonly #address: string
  #wanted: ReadonlyMap<number, readonly string[]> = new Map()
  /** What the inner half serves, by port. */
  readonly #open = new Map<number, readonly string[]>()
  /** Ports that a foreign program holds: said once, tried again. */
  readonly #refused = new Set<number>()
  /** Held for the inner half that is to come. */
  readonly #reserved = new Map<number, Server>()
  #retry: Timer | undefined
  #inner: ChildProcess | undefined
  #work: Promise<void> = Promise.resolve()

  constructor(address: string, deps: { readonly clock: Clock; readonly logger: Logger }) {
    this.#address = address
    this.#deps = deps
  }

  /** Takes ports before there is an inner half. Throws when a foreign program holds one and does not let go of it. */
  async reserve(ports: Iterable<number>): Promise<void> {
    const endMs = this.#deps.clock.monotonicMs() + reserveMs
    for (const port of ports) {
      while (!this.#reserved.has(port)) {
        try {
          const server = await listen(port, this.#address)
          server.on('connection', refuse)
          this.#reserved.set(port, server)
        } catch (cause) {
          if (this.#deps.clock.monotonicMs() > endMs)
            throw new Error(`${this.#address}:${port} is taken by another program`, { cause })
          await sleep(this.#deps.clock, 100)
        }
      }
    }
  }

  /** A fresh inner half (at start, or after the old one died): everything is opened anew for it. */
  attach(inner: ChildProcess): void {
    this.#work = this.#work.then(() => {
      this.#inner = inner
      this.#open.clear()
    })
    this.#reconcile()
  }

  /** Makes the open ports equal to the wanted ones. */
  apply(wanted: ReadonlyMap<number, readonly string[]>): void {
    this.#wanted = wanted
    this.#reconcile()
  }

  #reconcile(): void {
    this.#work = this.#work.then(async () => {
      if (this.#inner) await this.#apply(this.#wanted)
    })
  }

  async #apply(wanted: ReadonlyMap<number, readonly string[]>): Promise<void> {
    for (const port of this.#open.keys()) {
      if (!wanted.has(port)) {
        this.#send({ type: 'close', port })
        this.#open.delete(port)
      }
    }
    for (const [port, targets] of wanted) {
      const standing = this.#open.get(port)
      if (standing === undefined) await this.#serve(port, targets)
      else if (standing.join() !== targets.join()) {
        this.#send({ type: 'targets', port, targets })
        this.#open.set(port, targets)
      }
    }
  }

  async #serve(port: number, targets: readonly string[]): Promise<void> {
    try {
      const server = this.#reserved.get(port) ?? (await listen(port, this.#address))
      this.#reserved.delete(port)
      server.off('connection', refuse)
      server.on('connection', (early) => this.#send({ type: 'connection', port }, early))
      this.#send({ type: 'serve', port, targets }, server)
      this.#open.set(port, targets)
      this.#refused.delete(port)
    } catch (error) {
      this.#retryLater()
      if (this.#refused.has(port)) return
      this.#refused.add(port)
      this.#deps.logger.warn('Cannot open a port on this machine', {
        address: this.#address,
        port,
        err: error as Error,
      })
    }
  }

  #retryLater(): void {
    if (this.#retry !== undefined) return
    this.#retry = this.#deps.clock.setTimer(retryMs, () => {
      this.#retry = undefined
      this.#reconcile()
    })
  }

  #send(message: ToInner, handle?: Server | Socket): void {
    this.#inner?.send(message, handle, {}, () => {
      if (handle instanceof Server) handle.close()
    })
  }
}

/** Nobody can serve it yet; whoever knocks tries again. */
function refuse(early: Socket): void {
  early.resetAndDestroy()
}

function listen(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    server.once('error', reject)
    server.listen({ port, host }, () => resolve(server))
  })
}
