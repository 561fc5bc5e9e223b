import { createSocket } from 'node:dgram'
import type { Socket as UdpSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { Clock } from '@kemu/base'
import { shiftPort } from '../address/port-floor.ts'

/** A port of the node that leads to a port of a pod (`hostPort` of a container). */
export interface HostPort {
  readonly protocol: 'TCP' | 'UDP'
  readonly hostPort: number
  readonly containerPort: number
  /** Empty: the node's own address. */
  readonly hostIp: string
}

export interface HostPortsDeps {
  readonly clock: Clock
  /** Where ports without an address of their own are opened. */
  readonly nodeAddress: string
  /** The lowest port that may be bound; those below are shifted. */
  readonly portFloor: number
}

/** A port of the node that somebody else has. */
export class HostPortTaken extends Error {
  override name = 'HostPortTaken'
}

/** A UDP client that was silent for so long is forgotten; nf_conntrack_udp_timeout_stream. */
const udpIdleMs = 120_000

interface Listener {
  close(): void
}

/** The node's ports of all pods, carried by this process. */
export class HostPorts {
  readonly #deps: HostPortsDeps
  readonly #listeners = new Map<string, Listener[]>()

  constructor(deps: HostPortsDeps) {
    this.#deps = deps
  }

  /** Opens a pod's ports, all or none. Rejects with HostPortTaken. */
  async open(sandboxId: string, podAddress: string, ports: readonly HostPort[]): Promise<void> {
    const opened: Listener[] = []
    this.#listeners.set(sandboxId, opened)
    try {
      for (const port of ports) opened.push(await this.#listen(port, podAddress))
    } catch (error) {
      this.close(sandboxId)
      throw error
    }
  }

  close(sandboxId: string): void {
    for (const listener of this.#listeners.get(sandboxId) ?? []) listener.close()
    this.#listeners.delete(sandboxId)
  }

  closeAll(): void {
    for (const sandboxId of this.#listeners.keys()) this.close(sandboxId)
  }

  async #listen(port: HostPort, podAddress: string): Promise<Listener> {
    const { portFloor, nodeAddress, clock } = this.#deps
    const from = {
      address: isEverywhere(port.hostIp) ? nodeAddress : port.hostIp,
      port: shiftPort(port.hostPort, portFloor),
    }
    const to = { address: podAddress, port: shiftPort(port.containerPort, portFloor) }
    try {
      return port.protocol === 'TCP'
        ? await forwardTcp(from, to)
        : await forwardUdp(from, to, clock)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      const words = `hostPort ${port.hostPort}/${port.protocol} on ${from.address} is taken`
      throw new HostPortTaken(words, { cause: error })
    }
  }
}

function isEverywhere(hostIp: string): boolean {
  return hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::'
}

interface Endpoint {
  readonly address: string
  readonly port: number
}

async function forwardTcp(from: Endpoint, to: Endpoint): Promise<Listener> {
  const sockets = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host: to.address, port: to.port, allowHalfOpen: true })
    const end = (): void => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', end)
      socket.on('close', () => sockets.delete(socket))
    }
    near.pipe(far)
    far.pipe(near)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: from.address, port: from.port }, resolve)
  })
  return {
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Each client has a socket of its own towards the pod, so that answers find their way back. */
async function forwardUdp(from: Endpoint, to: Endpoint, clock: Clock): Promise<Listener> {
  const server = createSocket('udp4')
  const clients = new Map<string, { socket: UdpSocket; idle: ReturnType<Clock['setTimer']> }>()
  const forget = (key: string): void => {
    clients.get(key)?.idle.cancel()
    clients.get(key)?.socket.close()
    clients.delete(key)
  }
  server.on('message', (message, { address, port }) => {
    const key = `${address}:${port}`
    const known = clients.get(key)
    known?.idle.cancel()
    const socket = known?.socket ?? createSocket('udp4')
    if (!known) {
      socket.on('message', (answer) => server.send(answer, port, address))
      socket.on('error', () => forget(key))
    }
    clients.set(key, { socket, idle: clock.setTimer(udpIdleMs, () => forget(key)) })
    socket.send(message, to.port, to.address)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.bind({ address: from.address, port: from.port }, resolve)
  })
  return {
    close: () => {
      for (const key of clients.keys()) forget(key)
      server.close()
    },
  }
}
