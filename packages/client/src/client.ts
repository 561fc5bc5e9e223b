import type { Draft, KubeList, KubeObject, ResourceType } from '@kemu/api'
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
} from './transport.ts'

/** The API as a component uses it: typed resources over any transport. */
export class Client {
  readonly transport: Transport

  constructor(transport: Transport) {
    this.transport = transport
  }

  /** A resource in one namespace; for cluster-scoped resources, and for lists over all namespaces, leave it out. */
  resource<T extends KubeObject>(type: ResourceType<T>, namespace = ''): ResourceClient<T> {
    return new ResourceClient(this.transport, type, namespace)
  }

  close(): void {
    this.transport.close()
  }
}

export class ResourceClient<T extends KubeObject> {
  readonly #transport: Transport
  readonly #type: ResourceType<T>
  readonly #namespace: string

  constructor(transport: Transport, type: ResourceType<T>, namespace: string) {
    this.#transport = transport
    this.#type = type
    this.#namespace = namespace
  }

  async get(name: string): Promise<T> {
    return (await this.#transport.get(this.#path(name))) as T
  }

  async list(options?: ListOptions): Promise<KubeList<T>> {
    return (await this.#transport.list(this.#path(''), options)) as KubeList<T>
  }

  watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent<T>[]> {
    return this.#transport.watch(this.#path(''), options, signal) as AsyncIterable<WatchEvent<T>[]>
  }

  async create(draft: Draft<T>, options?: WriteOptions): Promise<T> {
    return (await this.#transport.create(this.#path(''), draft, options)) as T
  }

  /** Replaces the object; its resourceVersion must be the one that was read, else the answer is Conflict. */
  async update(object: T, options?: WriteOptions): Promise<T> {
    return (await this.#transport.update(this.#pathOf(object), object, options)) as T
  }

  async updateStatus(object: T, options?: WriteOptions): Promise<T> {
    return (await this.#transport.update(this.#pathOf(object, 'status'), object, options)) as T
  }

  async patch(name: string, type: PatchType, patch: unknown, options?: PatchOptions): Promise<T> {
    return (await this.#transport.patch(this.#path(name), type, patch, options)) as T
  }

  async patchStatus(
    name: string,
    type: PatchType,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<T> {
    return (await this.#transport.patch(this.#path(name, 'status'), type, patch, options)) as T
  }

  async delete(name: string, options?: DeleteOptions): Promise<KubeObject> {
    return this.#transport.delete(this.#path(name), options)
  }

  async deleteCollection(list: ListOptions, options?: DeleteOptions): Promise<void> {
    await this.#transport.deleteCollection(this.#path(''), list, options)
  }

  /** POST to a subresource: binding, eviction, token. The answer is that subresource's kind. */
  async createSubresource<Answer>(
    name: string,
    subresource: string,
    body: object,
  ): Promise<Answer> {
    return (await this.#transport.create(this.#path(name, subresource), body)) as Answer
  }

  /** PUT to a subresource other than status: approval, finalize, scale. */
  async updateSubresource<Answer>(
    name: string,
    subresource: string,
    body: object,
  ): Promise<Answer> {
    return (await this.#transport.update(this.#path(name, subresource), body)) as Answer
  }

  #path(name: string, subresource = '', namespace = this.#namespace): ResourcePath {
    const { group, version, resource } = this.#type
    return { group, version, resource, namespace, name, subresource }
  }

  #pathOf(object: T, subresource = ''): ResourcePath {
    return this.#path(object.metadata.name, subresource, object.metadata.namespace ?? '')
  }
}
