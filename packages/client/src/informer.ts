import { objectKey } from '@kemu/api'
import type { KubeObject, ResourceType } from '@kemu/api'
import type { Client } from './client.ts'
import { Reflector } from './reflector.ts'
import type { ReflectorDeps, ReflectorSink, Selectors } from './reflector.ts'
import { Store } from './store.ts'
import type { IndexFunction, Lister } from './store.ts'

/**
 * Told of changes after the cache shows them. Handlers only take note (enqueue a key); they must not throw or wait.
 * `update` also comes for what a list after a gap shows changed; `remove` gives the last state that was seen.
 */
export interface ChangeHandler<T> {
  add?(object: T): void
  update?(old: T, object: T): void
  remove?(object: T): void
}

export interface InformerOptions extends Selectors {
  /** '' (default) is all namespaces. */
  readonly namespace?: string
}

/** A local copy of a resource, kept by one watch and shared by all who read it. */
export class Informer<T extends KubeObject> implements ReflectorSink<T> {
  readonly #store = new Store<T>()
  readonly #handlers: ChangeHandler<T>[] = []
  readonly #reflector: Reflector<T>
  readonly #synced: Promise<void>
  #resolveSynced!: () => void
  #hasSynced = false
  #running: Promise<void> | undefined

  constructor(
    client: Client,
    type: ResourceType<T>,
    options: InformerOptions,
    deps: ReflectorDeps,
  ) {
    this.#synced = new Promise((resolve) => (this.#resolveSynced = resolve))
    const { namespace, ...selectors } = options
    this.#reflector = new Reflector(
      client.resource(type, namespace),
      type.resource,
      selectors,
      this,
      deps,
    )
  }

  get lister(): Lister<T> {
    return this.#store
  }

  get hasSynced(): boolean {
    return this.#hasSynced
  }

  /** Resolves when the first list is in the cache. */
  get synced(): Promise<void> {
    return this.#synced
  }

  /** A handler that comes late is told of everything that is in the cache. */
  addHandler(handler: ChangeHandler<T>): void {
    this.#handlers.push(handler)
    if (this.#hasSynced) for (const object of this.#store.list()) handler.add?.(object)
  }

  addIndex(name: string, values: IndexFunction<T>): void {
    this.#store.addIndex(name, values)
  }

  start(): void {
    this.#running ??= this.#reflector.run()
  }

  async close(): Promise<void> {
    this.#reflector.close()
    await this.#running
  }

  replace(objects: T[]): void {
    const gone = new Set(this.#store.keys())
    for (const object of objects) {
      gone.delete(objectKey(object))
      this.upsert(object)
    }
    for (const key of gone) this.remove(this.#store.get(key)!)
    this.#hasSynced = true
    this.#resolveSynced()
  }

  upsert(object: T): void {
    const old = this.#store.set(object)
    if (old && old.metadata.uid !== object.metadata.uid) {
      // Deleted and created again under the same name while nobody watched.
      for (const handler of this.#handlers) handler.remove?.(old)
      for (const handler of this.#handlers) handler.add?.(object)
    } else if (!old) {
      for (const handler of this.#handlers) handler.add?.(object)
    } else if (old.metadata.resourceVersion !== object.metadata.resourceVersion) {
      for (const handler of this.#handlers) handler.update?.(old, object)
    }
  }

  remove(object: T): void {
    this.#store.delete(objectKey(object))
    for (const handler of this.#handlers) handler.remove?.(object)
  }
}
