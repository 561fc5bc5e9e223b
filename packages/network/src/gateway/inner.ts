import { Server, Socket } from 'node:net'
import type { Clock, Random } from '@kemu/base'
import type { Place } from '../splice/place-chooser.ts'
import { TcpConnection } from '../splice/tcp-connection.ts'
import { TargetChooser } from './target-chooser.ts'

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
  readonly #deps: { readonly clock: Clock; readonly random: Random }

  constructor(deps: { readonly clock: Clock; readonly random: Random }) {
    this.#deps = deps
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
    // A passed server comes without the options that it was made with.
    Object.assign(server, { allowHalfOpen: true, pauseOnConnect: true })
    this.#served.set(port, served)
    server.on('connection', (socket) => this.#forward(socket, served.targets))
  }

  #forward(socket: Socket, targets: readonly string[] = []): TcpConnection {
    socket.allowHalfOpen = true
    const chooser = new TargetChooser(targets.map(placeOf), this.#deps)
    return new TcpConnection(socket, chooser, this.#deps)
  }
}

function placeOf(target: string): Place {
  const at = target.lastIndexOf(':')
  return { address: target.slice(0, at), port: Number(target.slice(at + 1)) }
}
