import { connect, Server, Socket } from 'node:net'
import type { Random } from '@kemu/base'

/** What the outer half says; `serve` comes with the listening socket. */
export type ToInner =
  | { readonly type: 'serve'; readonly port: number; readonly targets: readonly string[] }
  | { readonly type: 'targets'; readonly port: number; readonly targets: readonly string[] }
  | { readonly type: 'close'; readonly port: number }
  /** A connection that the outer half accepted before it had passed the listening socket on. */
  | { readonly type: 'connection'; readonly port: number }

interface Served {
  readonly server: Server
  targets: readonly string[]
}

/**
 * The half of the gateway that lives in the fabric's network namespace. It accepts on sockets that the outer half
 * opened
 * on the person's machine and connects to the cluster.
 */
export class InnerGateway {
  readonly #served = new Map<number, Served>()
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  take(message: ToInner, handle: unknown): void {
    switch (message.type) {
      case 'serve':
        if (handle instanceof Server) this.#serve(message.port, message.targets, handle)
        break
      case 'connection':
        if (handle instanceof Socket) this.#forward(handle, this.#served.get(message.port)?.targets)
        break
      case 'targets': {
        const served = this.#served.get(message.port)
        if (served) served.targets = message.targets
        break
      }
      case 'close':
        this.#served.get(message.port)?.server.close()
        this.#served.delete(message.port)
        break
    }
  }

  #serve(port: number, targets: readonly string[], server: Server): void {
    const served = { server, targets }
    this.#served.set(port, served)
    server.on('connection', (socket) => this.#forward(socket, served.targets))
  }

  /** Tries the targets in random order; a target that refuses is passed by. */
  #forward(socket: Socket, targets: readonly string[] = []): void {
    socket.on('error', () => socket.destroy())
    const order = [...targets]
    const next = (): void => {
      if (order.length === 0) return void socket.destroy()
      const [target] = order.splice(this.#random.int(order.length), 1)
      const at = target!.lastIndexOf(':')
      const upstream = connect({
        host: target!.slice(0, at),
        port: Number(target!.slice(at + 1)),
        allowHalfOpen: true,
      })
      upstream.once('error', next)
      upstream.once('connect', () => {
        upstream.off('error', next)
        upstream.on('error', () => socket.destroy())
        socket.on('close', () => upstream.destroy())
        socket.pipe(upstream).pipe(socket)
      })
    }
    next()
  }
}
