import type { KindDefinition } from '@kemu/api/kinds'
import type { Random } from '@kemu/base'
import type { ChangeFeed } from '../cache/change-feed.ts'
import type { ResourceCache } from '../cache/resource-cache.ts'
import type { KeyValueStore } from '../store/key-value-store.ts'
import type { LeasePool } from './lease-pool.ts'
import { ObjectCreator } from './object-creator.ts'
import { ObjectDeleter } from './object-deleter.ts'
import { ObjectReader } from './object-reader.ts'
import { ObjectUpdater } from './object-updater.ts'
import type { ResourceHooks } from './write-context.ts'

export interface StoreDeps {
  readonly definition: KindDefinition
  readonly cache: ResourceCache
  readonly feed: ChangeFeed
  readonly store: KeyValueStore
  readonly random: Random
  readonly hooks: ResourceHooks
  readonly leases: LeasePool | undefined
}

/**
 * Everything that can be done with the objects of one resource; upstream's generic registry store.
 */
export class ResourceStore {
  readonly definition: KindDefinition
  readonly cache: ResourceCache
  readonly reader: ObjectReader
  readonly creator: ObjectCreator
  readonly updater: ObjectUpdater
  readonly deleter: ObjectDeleter

  constructor(deps: StoreDeps) {
    this.definition = deps.definition
    this.cache = deps.cache
    this.reader = new ObjectReader(deps)
    this.creator = new ObjectCreator(deps)
    this.updater = new ObjectUpdater(deps, this.reader, this.creator)
    this.deleter = new ObjectDeleter(deps, this.reader)
  }
}
