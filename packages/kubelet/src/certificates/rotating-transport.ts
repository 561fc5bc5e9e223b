import type { KubeList, KubeObject } from '@kemu/api'
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

/**
 * A transport whose credentials can be exchanged while it is in use. Watches of the old connection
 * break off and are taken up again by their owners.
 */
export class RotatingTransport implements Transport {
  #current: Transport

  constructor(first: Transport) {
    this.#current = first
  }

  replace(next: Transport): void {
    const old = this.#current
    this.#current = next
    old.close()
  }

  get(path: ResourcePath, resourceVersion?: string): Promise<KubeObject> {
    return this.#current.get(path, resourceVersion)
  }

  list(path: ResourcePath, options?: ListOptions): Promise<KubeList<KubeObject>> {
    return this.#current.list(path, options)
  }

  watch(
    path: ResourcePath,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent[]> {
    return this.#current.watch(path, options, signal)
  }

  create(path: ResourcePath, object: object, options?: WriteOptions): Promise<KubeObject> {
    return this.#current.create(path, object, options)
  }

  update(path: ResourcePath, object: object, options?: WriteOptions): Promise<KubeObject> {
    return this.#current.update(path, object, options)
  }

  patch(
    path: ResourcePath,
    type: PatchType,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<KubeObject> {
    return this.#current.patch(path, type, patch, options)
  }

  delete(path: ResourcePath, options?: DeleteOptions): Promise<KubeObject> {
    return this.#current.delete(path, options)
  }

  deleteCollection(path: ResourcePath, list: ListOptions, options?: DeleteOptions): Promise<void> {
    return this.#current.deleteCollection(path, list, options)
  }

  close(): void {
    this.#current.close()
  }
}
