import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import type { Logger } from '@kemu/base'
import type { ToInner } from './inner.ts'

/**
 * The half of the gateway on the person's machine: it opens ports on 127.0.0.1 and hands the listening sockets to the
 * inner half. It holds no connection itself.
 */
export class OuterGateway {
  readonly #logger: Logger
  readonly #address: string
  /** What is open, by port; kept so that a new inner half can be given everything again. */
  #open = new Map<number, readonly string[]>()
  /** Ports that a foreign program holds: said once. */
  readonly #refused = new Set<number>()
  #inner: ChildProcess | undefined
  #work: Promise<void> = Promise.resolve()

  constructor(address: string, logger: Logger) {
    this.#address = address
    this.#logger = logger
  }

  /** A fresh inner half (at start, or after the old one died): everything is opened anew for it. */
  attach(inner: ChildProcess): void {
    const wanted = this.#open
    this.#open = new Map()
    this.#inner = inner
    this.apply(wanted)
  }

  /** Makes the open ports equal to the wanted ones. */
  apply(wanted: ReadonlyMap<number, readonly string[]>): void {
    this.#work = this.#work.then(() => this.#apply(wanted))
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
      const server = await listen(port, this.#address)
      this.#send({ type: 'serve', port, targets }, server)
      this.#open.set(port, targets)
      this.#refused.delete(port)
    } catch (error) {
      if (this.#refused.has(port)) return
      this.#refused.add(port)
      this.#logger.warn('Cannot open a port on this machine', {
        address: this.#address,
        port,
        err: error as Error,
      })
    }
  }

  #send(message: ToInner, server?: Server): void {
    this.#inner?.send(message, server, {}, () => server?.close())
  }
}

function listen(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ pauseOnConnect: true })
    server.once('error', reject)
    server.listen({ port, host }, () => resolve(server))
  })
}
