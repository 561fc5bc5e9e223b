import type { Random } from '@kemu/base'
import { Channel } from '../grpc/client.ts'
import type { ChannelTarget } from '../grpc/client.ts'
import type { Network } from '../grpc/network.ts'
import type { GrpcServer } from '../grpc/server.ts'
import type { Kernel } from './kernel.ts'
import { Links } from './links.ts'
import { SimulatedConnection } from './simulated-connection.ts'
import type { End } from './simulated-connection.ts'

interface Listener {
  readonly end: End
  readonly grpc: GrpcServer
}

/** Small backlogs count as large ones: 16 KiB of events as 1 MiB, where watches begin to wait. */
const backlogScale = 64
/** As the dial timeout of members. */
const dialTimeoutMs = 1000

/** Machines and clients by name, and the connections between them. */
export class SimulatedNetwork {
  readonly links: Links
  readonly #kernel: Kernel
  readonly #listeners = new Map<string, Listener>()
  readonly #connections = new Set<SimulatedConnection>()
  readonly #onMail: (from: string, data: Buffer) => void

  constructor(
    kernel: Kernel,
    random: Random,
    onMail: (from: string, data: Buffer) => void = () => {},
  ) {
    this.#kernel = kernel
    this.links = new Links(random)
    this.#onMail = onMail
  }

  /** The network as one program at one place uses it. */
  at(end: End): Network {
    return {
      listen: async (grpc, host, port) => {
        this.#listeners.set(`${host}:${port}`, { end, grpc })
        return port
      },
      dial: (target) => this.dial(end, target),
    }
  }

  dial(client: End, target: ChannelTarget): Promise<Channel> {
    const { links } = this
    return new Promise((resolve, reject) => {
      const isCut = links.isCut(client.place, target.host) || links.isCut(target.host, client.place)
      if (isCut) links.faults += 1
      const delayMs = isCut ? dialTimeoutMs : links.delayMs()
      this.#kernel.schedule(client.owner, delayMs, () => {
        const listener = this.#listeners.get(`${target.host}:${target.port}`)
        if (isCut) return reject(new Error('connection timed out'))
        if (!listener?.end.owner.isAlive) return reject(new Error('connection refused'))
        resolve(new Channel(this.#connect(client, listener), target))
      })
    })
  }

  /** A program has ended: so have its connections. */
  breakAll(isMeant: (connection: SimulatedConnection) => boolean): number {
    const meant = [...this.#connections].filter(isMeant)
    for (const connection of meant) connection.break()
    return meant.length
  }

  #connect(client: End, { end, grpc }: Listener) {
    const connection = new SimulatedConnection(
      {
        kernel: this.#kernel,
        links: this.links,
        backlogScale,
        onBroken: (broken) => this.#connections.delete(broken),
        onMail: this.#onMail,
      },
      client,
      end,
    )
    this.#connections.add(connection)
    return connection.forClient(grpc)
  }
}
