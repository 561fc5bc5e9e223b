import { deepFreeze, isExpired, isStatusError } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import { Backoff, sleep } from '@kemu/base'
import type { Clock, Logger, Random } from '@kemu/base'
import type { ResourceClient } from './client.ts'
import { ConnectionError } from './transport.ts'
import type { WatchEvent } from './transport.ts'

/** What a reflector feeds. Calls come in the order of resourceVersions; objects are frozen. */
export interface ReflectorSink<T extends KubeObject> {
  /** The whole truth at one resourceVersion; what is not in it is gone. */
  replace(objects: T[], resourceVersion: string): void
  upsert(object: T): void
  remove(object: T): void
}

export interface ReflectorDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

export interface Selectors {
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** Pause after a failure: 0.2 s growing to 10 s with jitter; client-go waits 0.8 to 30 s, a laptop can do better. */
const retry = { initialMs: 200, maxMs: 10_000, factor: 2, jitter: 0.5 }
/** While nobody answers there is nobody to spare: a server that starts is found soon. */
const reconnect = { initialMs: 50, maxMs: 1_000, factor: 1.5, jitter: 0.5 }

/** Keeps a sink equal to a resource of the API server: list once, then watch; list again only when told Expired. */
export class Reflector<T extends KubeObject> {
  readonly #resource: ResourceClient<T>
  readonly #what: string
  readonly #selectors: Selectors
  readonly #sink: ReflectorSink<T>
  readonly #deps: ReflectorDeps
  readonly #backoff: Backoff
  readonly #reconnects: Backoff
  readonly #stop = new AbortController()
  /** Where the next watch starts; '' means list first. */
  #resourceVersion = ''
  /** The next list may not be older than this: '0' takes any cache, '' asks for the latest. */
  #listFrom = '0'

  constructor(
    resource: ResourceClient<T>,
    what: string,
    selectors: Selectors,
    sink: ReflectorSink<T>,
    deps: ReflectorDeps,
  ) {
    this.#resource = resource
    this.#what = what
    this.#selectors = selectors
    this.#sink = sink
    this.#deps = deps
    this.#backoff = new Backoff(retry, deps.random)
    this.#reconnects = new Backoff(reconnect, deps.random)
  }

  /** Runs until closed; never rejects. */
  async run(): Promise<void> {
    const { clock, logger } = this.#deps
    while (!this.#stop.signal.aborted) {
      const startedAtMs = clock.monotonicMs()
      const lists = this.#resourceVersion === ''
      try {
        if (lists) await this.#list()
        await this.#watch()
        if (clock.monotonicMs() - startedAtMs > 1000) this.#rested()
        else await sleep(clock, this.#backoff.nextMs(), this.#stop.signal)
      } catch (error) {
        if (this.#stop.signal.aborted) return
        if (isExpired(error)) {
          // A second refusal in a row means that the version itself is too old: take the latest.
          this.#listFrom = this.#resourceVersion
          this.#resourceVersion = ''
          // Refused although just listed: a server whose window is too short for us is not to be hammered.
          if (lists) await sleep(clock, this.#backoff.nextMs(), this.#stop.signal)
          continue
        }
        const silent = error instanceof ConnectionError
        const delayMs = (silent ? this.#reconnects : this.#backoff).nextMs()
        logger.warn('Watch failed, trying again', {
          resource: this.#what,
          delayMs,
          err: error as Error,
        })
        if (this.#resourceVersion === '' && isStatusError(error)) this.#listFrom = ''
        await sleep(clock, delayMs, this.#stop.signal)
      }
    }
  }

  close(): void {
    this.#stop.abort()
  }

  async #list(): Promise<void> {
    const list = await this.#resource.list({ ...this.#selectors, resourceVersion: this.#listFrom })
    if (this.#stop.signal.aborted) return
    for (const object of list.items) deepFreeze(object)
    this.#sink.replace(list.items, list.metadata.resourceVersion)
    this.#resourceVersion = list.metadata.resourceVersion
  }

  async #watch(): Promise<void> {
    const options = {
      ...this.#selectors,
      resourceVersion: this.#resourceVersion,
      allowBookmarks: true,
    }
    for await (const events of this.#resource.watch(options, this.#stop.signal)) {
      for (const event of events) this.#take(event)
      this.#rested()
    }
  }

  #take(event: WatchEvent<T>): void {
    if (this.#stop.signal.aborted) return
    const object = deepFreeze(event.object)
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        this.#sink.upsert(object)
        break
      case 'DELETED':
        this.#sink.remove(object)
        break
      case 'BOOKMARK':
        break
    }
    this.#resourceVersion = object.metadata.resourceVersion
  }

  #rested(): void {
    this.#backoff.reset()
    this.#reconnects.reset()
  }
}
