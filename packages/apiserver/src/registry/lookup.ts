import type { KubeObject, ResourceType } from '@kemu/api'
import type { Catalog } from './catalog.ts'
import { objectKeyOf } from './object-reader.ts'

/** Single objects for the server's own decisions: admission, authentication, subresources. */
export class Lookup {
  readonly #catalog: Catalog

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** From the watch cache where it is kept and has the object, else from the store. */
  async find<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string,
    name: string,
  ): Promise<T | undefined> {
    const { cache } = this.#catalog.storeOf(type)
    const cached = cache.started ? cache.get(objectKeyOf({ namespace, name })) : undefined
    if (cached) return cached.object as T
    return this.read(type, namespace, name)
  }

  /** As the store has it now. */
  async read<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string,
    name: string,
  ): Promise<T | undefined> {
    const { reader } = this.#catalog.storeOf(type)
    const stored = await reader.read(objectKeyOf({ namespace, name }))
    return stored && (stored.object as T)
  }

  /** Everything of a kind, from its cache, as fresh as the store. */
  async all<T extends KubeObject>(type: ResourceType<T>, namespace = ''): Promise<T[]> {
    const { cache } = this.#catalog.storeOf(type)
    await cache.ready()
    return cache
      .all()
      .filter((stored) => namespace === '' || stored.namespace === namespace)
      .map((stored) => stored.object as T)
  }
}
