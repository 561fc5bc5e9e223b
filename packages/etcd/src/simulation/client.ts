import type { Random } from '@kemu/base'
import type { Channel } from '../grpc/client.ts'
import { outside } from './kernel.ts'
import type { Kernel } from './kernel.ts'
import type { SimulatedNetwork } from './simulated-network.ts'

export interface ClientDeps {
  readonly name: string
  readonly kernel: Kernel
  readonly network: SimulatedNetwork
  readonly random: Random
  /** Machines that serve, by name. */
  readonly endpoints: () => readonly string[]
  readonly story: (line: string) => void
}

export const clientPort = 2379

/** How long a client waits for an answer. */
const patienceMs = 1200

/** A client's way to the cluster: one endpoint after the other, with patience for each call. */
export class Client {
  readonly deps: ClientDeps
  #channel: { readonly endpoint: string; readonly channel: Channel } | undefined

  constructor(deps: ClientDeps) {
    this.deps = deps
  }

  get nowMs(): number {
    return this.deps.kernel.nowMs
  }

  get endpoint(): string {
    return this.#channel?.endpoint ?? 'nobody'
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.deps.kernel.schedule(outside, ms, resolve))
  }

  /** The connection that it has, or a new one to any endpoint. Rejects when that does not answer. */
  async connect(): Promise<Channel> {
    if (this.#channel) return this.#channel.channel
    const { random, network, name } = this.deps
    const endpoints = this.deps.endpoints()
    const endpoint = endpoints[random.int(endpoints.length)]
    if (endpoint === undefined) throw new Error('nobody is there')
    const channel = await network.dial(
      { place: name, owner: outside },
      { host: endpoint, port: clientPort, isSecure: false },
    )
    this.#channel = { endpoint, channel }
    channel.onClose(() => {
      if (this.#channel?.channel === channel) this.#channel = undefined
    })
    return channel
  }

  /** As `call`, at this endpoint, over a connection of its own. */
  async callAt<T>(
    endpoint: string,
    make: (channel: Channel) => Promise<T>,
  ): Promise<T | undefined> {
    const { network, name } = this.deps
    let channel: Channel | undefined
    try {
      const end = { place: name, owner: outside }
      channel = await network.dial(end, { host: endpoint, port: clientPort, isSecure: false })
      return await Promise.race([make(channel), this.#impatience()])
    } catch {
      return undefined
    } finally {
      channel?.close()
    }
  }

  /** Lets the connection go; the next call finds another. */
  leave(): void {
    this.#channel?.channel.close()
    this.#channel = undefined
  }

  /** Makes a call; undefined when no good answer came in time. After a failure it turns to another endpoint. */
  async call<T>(make: (channel: Channel) => Promise<T>): Promise<T | undefined> {
    try {
      const channel = await this.connect()
      return await Promise.race([make(channel), this.#impatience()])
    } catch (error) {
      this.deps.story(
        `${this.deps.name}: ${error instanceof Error ? error.message : String(error)}`,
      )
      this.leave()
      return undefined
    }
  }

  async #impatience(): Promise<never> {
    await this.sleep(patienceMs)
    throw new Error('no answer in time')
  }
}
