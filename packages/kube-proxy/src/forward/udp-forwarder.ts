import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Timer } from '@kemu/base'
import { addressLookup } from '@kemu/network/address'
import type { Balancer } from './balancer.ts'
import type { Forwarder, ForwarderDeps, OpenForwarder } from './forwarder.ts'
import { UdpSession } from './udp-session.ts'

/** How long a session lives without a datagram (kernel: nf_conntrack_udp_timeout and _udp_timeout_stream). */
export interface UdpTimeouts {
  /** Before the endpoint has answered. */
  readonly unansweredMs: number
  /** After it has. */
  readonly streamMs: number
}

/** More clients than this at once are not served: each holds a socket. */
const sessionLimit = 4096

/** Listens on a UDP address; each client gets a session of its own with one endpoint. */
export function udpForwarder(timeouts: UdpTimeouts): OpenForwarder {
  return (at, balancer, deps) => {
    const socket = createSocket({
      type: isIPv6(at.address) ? 'udp6' : 'udp4',
      lookup: addressLookup,
    })
    return new Promise<Forwarder>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ ...at, exclusive: true }, () => {
        socket.off('error', reject)
        resolve(new UdpFrontend(socket, balancer, timeouts, deps))
      })
    })
  }
}

class UdpFrontend implements Forwarder {
  readonly #socket: Socket
  readonly #balancer: Balancer
  readonly #timeouts: UdpTimeouts
  readonly #deps: ForwarderDeps
  readonly #sessions = new Map<string, UdpSession>()
  #sweep: Timer | undefined
  #isClosed = false

  constructor(socket: Socket, balancer: Balancer, timeouts: UdpTimeouts, deps: ForwarderDeps) {
    this.#socket = socket
    this.#balancer = balancer
    this.#timeouts = timeouts
    this.#deps = deps
    socket.on('error', (error) => deps.logger.warn('UDP socket failed', { err: error }))
    socket.on('message', (datagram, from) => this.#receive(datagram, from))
    this.#watchBackends()
  }

  close(): void {
    this.#isClosed = true
    this.#sweep?.cancel()
    for (const session of this.#sessions.values()) session.close()
    this.#socket.close()
  }

  #receive(datagram: Buffer, from: RemoteInfo): void {
    const key = `${from.address} ${from.port}`
    const session = this.#sessions.get(key) ?? this.#open(key, from)
    session?.send(datagram)
  }

  #open(key: string, from: RemoteInfo): UdpSession | undefined {
    const isFull = this.#sessions.size >= sessionLimit
    if (isFull || !this.#balancer.admits(from.address)) return undefined
    const session: UdpSession = new UdpSession(from.address, this.#balancer, {
      clock: this.#deps.clock,
      reply: (datagram) => this.#reply(datagram, from),
      ended: () => this.#sessions.delete(key),
    })
    this.#sessions.set(key, session)
    this.#sweep ??= this.#sweepIn(this.#timeouts.unansweredMs)
    return session
  }

  #reply(datagram: Buffer, { address, port }: RemoteInfo): void {
    if (!this.#isClosed) this.#socket.send(datagram, port, address)
  }

  /** Sessions with endpoints that are gone must not live on (upstream: conntrack entries are flushed). */
  #watchBackends(): void {
    this.#balancer.onceChanged(() => {
      if (this.#isClosed) return
      for (const session of this.#sessions.values()) session.endUnlessAllowed()
      this.#watchBackends()
    })
  }

  #sweepIn(delayMs: number): Timer {
    return this.#deps.clock.setTimer(delayMs, () => this.#dropIdle())
  }

  #dropIdle(): void {
    this.#sweep = undefined
    const { streamMs, unansweredMs } = this.#timeouts
    let nextMs = Infinity
    for (const session of this.#sessions.values()) {
      const leftMs = (session.hasAnswered ? streamMs : unansweredMs) - session.idleMs()
      if (leftMs <= 0) session.close()
      else nextMs = Math.min(nextMs, leftMs)
    }
    if (this.#sessions.size > 0) this.#sweep = this.#sweepIn(nextMs)
  }
}
