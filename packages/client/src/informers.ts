import type { KubeObject, ResourceType } from '@kemu/api'
import type { Client } from './client.ts'
import { Informer } from './informer.ts'
import type { InformerOptions } from './informer.ts'
import type { ReflectorDeps } from './reflector.ts'

/** The informers of one component: each resource is watched once, however many parts of it read it. */
export class Informers {
  readonly #client: Client
  readonly #deps: ReflectorDeps
  readonly #informers = new Map<string, Informer<KubeObject>>()
  #started = false

  constructor(client: Client, deps: ReflectorDeps) {
    this.#client = client
    this.#deps = deps
  }

  of<T extends KubeObject>(type: ResourceType<T>, options: InformerOptions = {}): Informer<T> {
    const { namespace = '', labelSelector = '', fieldSelector = '' } = options
    const key = [
      type.group,
      type.version,
      type.resource,
      namespace,
      labelSelector,
      fieldSelector,
    ].join('|')
    let informer = this.#informers.get(key) as Informer<T> | undefined
    if (!informer) {
      informer = new Informer(this.#client, type, options, this.#deps)
      this.#informers.set(key, informer as unknown as Informer<KubeObject>)
      if (this.#started) informer.start()
    }
    return informer
  }

  /** Starts all that were asked for, and from now on each new one at once; resolves when all have synced. */
  async start(): Promise<void> {
    this.#started = true
    for (const informer of this.#informers.values()) informer.start()
    await Promise.all([...this.#informers.values()].map((informer) => informer.synced))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.close()))
  }
}
