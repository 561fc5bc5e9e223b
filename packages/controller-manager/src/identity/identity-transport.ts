import { isStatusError } from '@kemu/api'
import type { KubeList, KubeObject } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type {
  DeleteOptions,
  ListOptions,
  PatchOptions,
  PatchType,
  ResourcePath,
  Transport,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '@kemu/client'

export interface IdentityTransportDeps {
  readonly clock: Clock
  readonly requestToken: () => Promise<{ token: string; lifetimeMs: number }>
  /** A transport that sends the token with the next call that is started. */
  readonly callAs: (token: string) => Transport
}

/** Of a token's lifetime, when the next one is asked for. */
const renewShare = 0.8

/** The transport of one account: every call waits for a valid token, and then goes over the shared connection. */
export class IdentityTransport implements Transport {
  readonly #deps: IdentityTransportDeps
  #token: Promise<string> | undefined
  #renewAtMs = 0

  constructor(deps: IdentityTransportDeps) {
    this.#deps = deps
  }

  async get(path: ResourcePath, resourceVersion?: string): Promise<KubeObject> {
    return this.#call((transport) => transport.get(path, resourceVersion))
  }

  async list(path: ResourcePath, options?: ListOptions): Promise<KubeList<KubeObject>> {
    return this.#call((transport) => transport.list(path, options))
  }

  async *watch(
    path: ResourcePath,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent[]> {
    const token = await this.#current()
    const events = this.#as(token).watch(path, options, signal)[Symbol.asyncIterator]()
    // A generator reads the token when it is first advanced, which happens right here.
    for (let next = await events.next(); !next.done; next = await events.next()) yield next.value
  }

  async create(path: ResourcePath, object: object, options?: WriteOptions): Promise<KubeObject> {
    return this.#call((transport) => transport.create(path, object, options))
  }

  async update(path: ResourcePath, object: object, options?: WriteOptions): Promise<KubeObject> {
    return this.#call((transport) => transport.update(path, object, options))
  }

  async patch(
    path: ResourcePath,
    type: PatchType,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<KubeObject> {
    return this.#call((transport) => transport.patch(path, type, patch, options))
  }

  async delete(path: ResourcePath, options?: DeleteOptions): Promise<KubeObject> {
    return this.#call((transport) => transport.delete(path, options))
  }

  async deleteCollection(
    path: ResourcePath,
    list: ListOptions,
    options?: DeleteOptions,
  ): Promise<void> {
    return this.#call((transport) => transport.deleteCollection(path, list, options))
  }

  /** Resolves when there is a valid token. */
  async ready(): Promise<void> {
    await this.#current()
  }

  close(): void {
    this.#token = undefined
  }

  /** A token that the server does not believe (its account was made anew) is not used again. */
  async #call<T>(start: (transport: Transport) => Promise<T>): Promise<T> {
    const token = await this.#current()
    try {
      return await start(this.#as(token))
    } catch (error) {
      if (isStatusError(error, 'Unauthorized')) this.#token = undefined
      throw error
    }
  }

  #as(token: string): Transport {
    return this.#deps.callAs(token)
  }

  #current(): Promise<string> {
    const nowMs = this.#deps.clock.monotonicMs()
    if (this.#token === undefined || nowMs >= this.#renewAtMs) {
      this.#renewAtMs = Number.POSITIVE_INFINITY
      this.#token = this.#renew()
      this.#token.catch(() => (this.#token = undefined))
    }
    return this.#token
  }

  async #renew(): Promise<string> {
    const { token, lifetimeMs } = await this.#deps.requestToken()
    this.#renewAtMs = this.#deps.clock.monotonicMs() + lifetimeMs * renewShare
    return token
  }
}
