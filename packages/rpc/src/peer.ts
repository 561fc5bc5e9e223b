import type { Socket } from 'node:net'
import type { PeerCertificate, TLSSocket } from 'node:tls'

/** Who is at the other end of a connection; the same object for all its calls. */
export class Peer {
  readonly #socket: Socket
  /** Empty on a unix socket. */
  readonly address: string

  constructor(socket: Socket) {
    this.#socket = socket
    this.address = socket.remoteAddress ?? ''
  }

  /** The certificate that one of the server's authorities vouches for; any other counts as none. */
  certificate(): PeerCertificate | undefined {
    const socket = this.#socket as Partial<TLSSocket>
    if (!socket.encrypted || !socket.authorized) return undefined
    const certificate = socket.getPeerCertificate?.()
    return certificate?.raw ? certificate : undefined
  }
}
