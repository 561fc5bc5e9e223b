import type { Random } from '@kemu/base'
import type { Channel } from '../grpc/client.ts'

/** Time and ways as clients have them: simulated, or the real ones. */
export interface World {
  readonly nowMs: number
  sleep(ms: number): Promise<void>
  /** From the place of a client to a member; rejects when it does not answer. */
  dial(place: string, endpoint: string): Promise<Channel>
}

export interface ClientDeps {
  readonly name: string
  readonly world: World
  readonly random: Random
  /** Members that serve, by name. */
  readonly endpoints: () => readonly string[]
  readonly story: (line: string) => void
}

/** How long a client waits for an answer. */
const patienceMs = 1200

/** A client's way to the cluster: one endpoint after the other, with patience for each call. */
export class Client {
  readonly deps: ClientDeps
  #channel: { readonly endpoint: string; readonly channel: Channel } | undefined
  /** Nothing new is begun. */
  isStopped = false

  constructor(deps: ClientDeps) {
    this.deps = deps
  }

  get nowMs(): number {
    return this.deps.world.nowMs
  }

  get endpoint(): string {
    return this.#channel?.endpoint ?? 'nobody'
  }

  sleep(ms: number): Promise<void> {
    return this.deps.world.sleep(ms)
  }

  /** The connection that it has, or a new one to any endpoint. Rejects when that does not answer. */
  async connect(): Promise<Channel> {
    if (this.#channel) return this.#channel.channel
    const { random, world, name } = this.deps
    const endpoints = this.deps.endpoints()
    const endpoint = endpoints[random.int(endpoints.length)]
    if (endpoint === undefined) throw new Error('nobody is there')
    const channel = await world.dial(name, endpoint)
    this.#channel = { endpoint, channel }
    channel.onClose(() => {
      if (this.#channel?.channel === channel) this.#channel = undefined
    })
    return channel
  }

  /** Lets the connection go; the next call finds another. */
  leave(): void {
    this.#channel?.channel.close()
    this.#channel = undefined
  }

  /** False: nobody could be reached, so nothing was asked. */
  async isConnected(): Promise<boolean> {
    try {
      await this.connect()
      return true
    } catch {
      return false
    }
  }

  /** Makes a call; undefined when no good answer came in time. After a failure it turns to another endpoint. */
  async call<T>(make: (channel: Channel) => Promise<T>): Promise<T | undefined> {
    try {
      const channel = await this.connect()
      return await Promise.race([make(channel), this.#impatience()])
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.deps.story(`${this.deps.name}: ${reason}`)
      this.leave()
      return undefined
    }
  }

  /** As `call`, at this endpoint, over a connection of its own. */
  async callAt<T>(
    endpoint: string,
    make: (channel: Channel) => Promise<T>,
  ): Promise<T | undefined> {
    const { world, name } = this.deps
    let channel: Channel | undefined
    try {
      channel = await world.dial(name, endpoint)
      return await Promise.race([make(channel), this.#impatience()])
    } catch {
      return undefined
    } finally {
      channel?.close()
    }
  }

  async #impatience(): Promise<never> {
    await this.sleep(patienceMs)
    throw new Error('no answer in time')
  }
}
