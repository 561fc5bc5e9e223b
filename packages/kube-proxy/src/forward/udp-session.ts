import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Clock } from '@kemu/base'
import { addressLookup } from '@kemu/network/address'
import type { Backend } from '../plan/frontend.ts'
import type { Balancer } from './balancer.ts'

export interface SessionDeps {
  readonly clock: Clock
  /** Carries an endpoint's datagram back to the client. */
  reply(datagram: Buffer): void
  ended(): void
}

/** Datagrams that wait for the socket to be connected; a sender that is faster loses them, as on any full queue. */
const queueLimit = 64

/**
 * One client's exchange with one endpoint. Until the endpoint has answered, a refusal (ICMP port unreachable) moves the
 * session, with its last datagram, to another endpoint.
 */
export class UdpSession {
  readonly #client: string
  readonly #balancer: Balancer
  readonly #deps: SessionDeps
  readonly #tried: Backend[] = []
  #socket: Socket | undefined
  #backend: Backend | undefined
  #queue: Buffer[] = []
  #isConnected = false
  #isEnded = false
  #last: Buffer | undefined
  #activeAtMs: number
  hasAnswered = false

  constructor(client: string, balancer: Balancer, deps: SessionDeps) {
    this.#client = client
    this.#balancer = balancer
    this.#deps = deps
    this.#activeAtMs = deps.clock.monotonicMs()
    this.#connect()
  }

  send(datagram: Buffer): void {
    this.#activeAtMs = this.#deps.clock.monotonicMs()
    if (!this.hasAnswered) this.#last = datagram
    if (this.#isConnected) this.#socket?.send(datagram)
    else if (this.#queue.length < queueLimit) this.#queue.push(datagram)
  }

  idleMs(): number {
    return this.#deps.clock.monotonicMs() - this.#activeAtMs
  }

  endUnlessAllowed(): void {
    if (this.#backend && !this.#balancer.isAllowed(this.#client, this.#backend)) this.close()
  }

  close(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#socket?.close()
    this.#deps.ended()
  }

  #connect(): void {
    const backend = this.#balancer.choose(this.#client, this.#tried)
    if (!backend) return this.close()
    this.#backend = backend
    this.#tried.push(backend)
    const socket = createSocket({
      type: isIPv6(backend.address) ? 'udp6' : 'udp4',
      lookup: addressLookup,
    })
    this.#socket = socket
    socket.on('message', (datagram) => this.#answer(datagram))
    socket.on('error', () => this.#refused(socket))
    socket.connect(backend.port, backend.address, () => {
      if (this.#isEnded || this.#socket !== socket) return
      this.#isConnected = true
      this.#balancer.connected(this.#client, backend)
      for (const datagram of this.#queue.splice(0)) socket.send(datagram)
    })
  }

  #answer(datagram: Buffer): void {
    this.#activeAtMs = this.#deps.clock.monotonicMs()
    this.hasAnswered = true
    this.#last = undefined
    this.#deps.reply(datagram)
  }

  #refused(socket: Socket): void {
    if (this.#isEnded || this.#socket !== socket) return
    const again = this.#last
    if (this.hasAnswered || again === undefined) return this.close()
    this.#isConnected = false
    this.#socket = undefined
    socket.close()
    this.#queue = [again]
    this.#connect()
  }
}
