import { assert } from '@kemu/base'
import type { Clock, Logger, Random } from '@kemu/base'
import type { KindDefinition } from '@kemu/api/kinds'
import type { ChangeFeed } from '../cache/change-feed.ts'
import { ResourceCache } from '../cache/resource-cache.ts'
import { ObjectCodec } from '../cache/object-codec.ts'
import { makeFacets } from '../cache/stored-object.ts'
import type { FacetsOf } from '../cache/stored-object.ts'
import type { KeyValueStore } from '../store/key-value-store.ts'
import { LeasePool } from './lease-pool.ts'
import type { ResourceEntry } from './resource-entry.ts'
import { ResourceStore } from './resource-store.ts'
import type { ResourceHooks } from './write-context.ts'

export interface CatalogDeps {
  readonly store: KeyValueStore
  readonly feed: ChangeFeed
  readonly clock: Clock
  readonly logger: Logger
  readonly random: Random
  /**
   * Lives of objects that expire, by storage prefix, where a flag says other than the kind
   * (--event-ttl).
   */
  readonly ttlSeconds?: Readonly<Record<string, number>>
}

/** The beginning of all keys (--etcd-prefix). */
export const storageRoot = '/registry/'

/** Lists and watches of these resources mostly ask for one value of a field. */
const indexedFields: Readonly<Record<string, string>> = { pods: 'spec.nodeName' }

/** All resources that the server serves, in the order of discovery. */
export class Catalog {
  readonly #deps: CatalogDeps
  readonly #entries = new Map<string, ResourceEntry>()
  readonly #leases = new Map<string, LeasePool>()

  constructor(deps: CatalogDeps) {
    this.#deps = deps
  }

  /** Serves a kind; `hooks` is what its resource does besides its strategy. */
  add(definition: KindDefinition, hooks: ResourceHooks = {}): ResourceEntry {
    const { group, version, resource } = definition.type
    const key = entryKey(group, version, resource)
    assert(!this.#entries.has(key), `two definitions of ${key}`)
    const entry = {
      definition,
      store: definition.storage && this.#store(definition, hooks),
    }
    this.#entries.set(key, entry)
    return entry
  }

  find(group: string, version: string, resource: string): ResourceEntry | undefined {
    return this.#entries.get(entryKey(group, version, resource))
  }

  /** The store of a resource that this server always has. */
  storeOf({
    group,
    version,
    resource,
  }: {
    group: string
    version: string
    resource: string
  }): ResourceStore {
    const store = this.find(group, version, resource)?.store
    assert(store !== undefined, `no store for ${resource}`)
    return store
  }

  hasGroup(group: string): boolean {
    for (const { definition } of this) {
      if (definition.type.group === group) return true
    }
    return false
  }

  /** Ends every watch. */
  close(): void {
    for (const { store } of this) store?.cache.close()
  }

  [Symbol.iterator](): IterableIterator<ResourceEntry> {
    return this.#entries.values()
  }

  #store(definition: KindDefinition, hooks: ResourceHooks): ResourceStore {
    const { prefix, as } = definition.storage!
    const indexedField = indexedFields[prefix]
    const fieldsOf = definition.selectableFields?.bind(definition)
    const facetsOf: FacetsOf = (object) => makeFacets(object, fieldsOf?.(object))
    const cache = new ResourceCache(
      {
        prefix,
        keyPrefix: `${storageRoot}${prefix}/`,
        codec: new ObjectCodec(facetsOf, as),
        ...(indexedField !== undefined && { indexedField }),
      },
      this.#deps,
    )
    return new ResourceStore({
      ...this.#deps,
      definition,
      cache,
      hooks,
      leases: this.#leasesOf(definition),
    })
  }

  /** Views of the same stored objects share their leases. */
  #leasesOf({ storage }: KindDefinition): LeasePool | undefined {
    if (storage?.ttlSeconds === undefined) return undefined
    const { store, clock, ttlSeconds } = this.#deps
    const { prefix } = storage
    let pool = this.#leases.get(prefix)
    if (!pool) {
      pool = new LeasePool(store, clock, ttlSeconds?.[prefix] ?? storage.ttlSeconds)
      this.#leases.set(prefix, pool)
    }
    return pool
  }
}

function entryKey(group: string, version: string, resource: string): string {
  return `${group}/${version}/${resource}`
}
