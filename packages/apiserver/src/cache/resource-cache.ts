import { statusError } from '@kemu/api'
import type { Clock, Logger, Timer } from '@kemu/base'
import { sleep } from '@kemu/base'
import { sortedMap } from '../sorted-map.ts'
import type { SortedMap } from '../sorted-map.ts'
import type { Change, KeyValueStore } from '../store/key-value-store.ts'
import { prefixEnd } from '../store/key-value-store.ts'
import { isStoreError } from '../store/store-error.ts'
import type { ChangeFeed } from './change-feed.ts'
import { EventWindow } from './event-window.ts'
import type { CacheEvent } from './event-window.ts'
import { ObjectIndex } from './object-index.ts'
import type { ObjectCodec } from './object-codec.ts'
import type { StoredObject } from './stored-object.ts'
import { WatcherIndex } from './watcher-index.ts'
import { failedWatcher, Watcher } from './watcher.ts'
import type { WatchItem, WatchScope } from './watcher.ts'

export interface CacheConfig {
  /** Below the feed's root: `pods`, `services/specs`. */
  readonly prefix: string
  /** The whole beginning of its keys: `/registry/pods/`. */
  readonly keyPrefix: string
  readonly codec: ObjectCodec
  /** The facet field that lists and watches are indexed by: spec.nodeName for pods. */
  readonly indexedField?: string
}

export interface CacheDeps {
  readonly store: KeyValueStore
  readonly feed: ChangeFeed
  readonly clock: Clock
  readonly logger: Logger
}

export type CacheListener = (event: CacheEvent) => void

/** The first list comes in pages of this many objects. */
const pageSize = 2_000
const retryMs = 100
const bookmarkPeriodMs = 60_000

/**
 * The current objects of one resource and its recent past, kept by the feed. It starts when first
 * asked for. All work
 * for an event is done once, whatever the number of objects, and reaches only the watchers that may
 * want it.
 */
export class ResourceCache {
  readonly config: CacheConfig
  readonly #deps: CacheDeps
  #objects: SortedMap<StoredObject> = sortedMap()
  #index: ObjectIndex
  #window = new EventWindow(0)
  readonly #watchers: WatcherIndex
  readonly #listeners: CacheListener[] = []
  /** Changes that came while the first list was under way. */
  #held: Change[] | undefined
  #ready: Promise<void> | undefined
  #listedRevision = 0
  #bookmarkTimer: Timer | undefined
  #closed = false

  constructor(config: CacheConfig, deps: CacheDeps) {
    this.config = config
    this.#deps = deps
    this.#index = new ObjectIndex(config.indexedField)
    this.#watchers = new WatcherIndex(config.indexedField)
    deps.feed.listen(config.prefix, {
      onChanges: (changes) => this.#onChanges(changes),
      onReset: () => this.#onReset(),
    })
  }

  /** Starts the cache if nobody did, and resolves when it holds the whole state. */
  ready(): Promise<void> {
    this.#ready ??= this.#load()
    return this.#ready
  }

  get started(): boolean {
    return this.#ready !== undefined
  }

  /**
   * How far the cache has come; meaningful once it is ready. A list may be ahead of the feed: then what
   * the cache shows is of the list's moment.
   */
  get revision(): number {
    return Math.max(this.#deps.feed.revision, this.#listedRevision)
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key)
  }

  /** The objects in a scope, in key order. */
  list(scope: WatchScope): StoredObject[] {
    const { namespace, name, indexed } = scope
    if (name !== '' && (namespace !== '' || !this.#objects.minKey()?.includes('/'))) {
      const object = this.#objects.get(namespace === '' ? name : `${namespace}/${name}`)
      return object && scope.matches(object) ? [object] : []
    }
    if (indexed !== undefined) return this.#index.list(indexed).filter((o) => scope.matches(o))
    const found: StoredObject[] = []
    const collect = (_key: string, object: StoredObject): void => {
      if (scope.matches(object)) found.push(object)
    }
    if (namespace === '') this.#objects.forEach((object) => collect('', object))
    else this.#objects.forRange(`${namespace}/`, prefixEnd(`${namespace}/`), false, collect)
    return found
  }

  all(): StoredObject[] {
    return this.#objects.valuesArray()
  }

  /** Called for each change from now on, after the cache shows it. For the server's own indexes. */
  onEvent(listener: CacheListener): void {
    this.#listeners.push(listener)
  }

  /** The object as soon as it is there; undefined when it does not come within the time. */
  appearance(key: string, timeoutMs: number, clock: Clock): Promise<StoredObject | undefined> {
    const present = this.#objects.get(key)
    if (present) return Promise.resolve(present)
    return new Promise((resolve) => {
      const done = (object: StoredObject | undefined): void => {
        timer.cancel()
        this.#listeners.splice(this.#listeners.indexOf(listener), 1)
        resolve(object)
      }
      const listener: CacheListener = ({ type, object }) => {
        if (type === 'put' && object.key === key) done(object)
      }
      const timer = clock.setTimer(timeoutMs, () => done(undefined))
      this.#listeners.push(listener)
    })
  }

  /**
   * Changes after the revision. When the window does not reach back so far, the watch begins and ends with
   * the error Expired.
   */
  watchFrom(revision: number, scope: WatchScope, bookmarks: boolean): Watcher {
    if (revision < this.#window.oldestRevision) {
      const why = `too old resource version: ${revision} (${this.#window.oldestRevision})`
      return failedWatcher(scope, statusError('Expired', why))
    }
    const watcher = this.#addWatcher(scope, [], bookmarks)
    for (const event of this.#window.after(revision)) watcher.offer(event)
    return watcher
  }

  /** The present state as ADDED events, then changes. */
  watchState(scope: WatchScope, bookmarks: boolean, markInitialEnd: boolean): Watcher {
    const items: WatchItem[] = this.list(scope).map((object) => ({ type: 'ADDED', object }))
    if (markInitialEnd) {
      items.push({ type: 'BOOKMARK', revision: this.revision, initialEventsEnd: true })
    }
    return this.#addWatcher(scope, items, bookmarks)
  }

  #addWatcher(scope: WatchScope, initial: WatchItem[], bookmarks: boolean): Watcher {
    const watcher = new Watcher(scope, initial, (w) => this.#watchers.delete(w))
    this.#watchers.add(watcher, bookmarks)
    if (bookmarks && !this.#bookmarkTimer) this.#armBookmarks()
    return watcher
  }

  get watcherCount(): number {
    return this.#watchers.size
  }

  /** Ends every watch; clients resume at another server, or here once it is back. */
  endWatchers(): void {
    for (const watcher of this.#watchers) watcher.end()
  }

  /** Ends what the cache runs by itself, and every watch. */
  close(): void {
    this.#closed = true
    this.#bookmarkTimer?.cancel()
    this.endWatchers()
  }

  async #load(): Promise<void> {
    while (!this.#closed) {
      this.#held = []
      try {
        return this.#adopt(await this.#listAll())
      } catch (error) {
        if (!isStoreError(error)) throw error
        this.#deps.logger.warn('Failed to list, will retry', {
          resource: this.config.prefix,
          err: error,
        })
        await sleep(this.#deps.clock, retryMs)
      }
    }
  }

  /** All pages as of the first one's revision. */
  async #listAll(): Promise<{ objects: StoredObject[]; revision: number }> {
    const { keyPrefix, codec } = this.config
    const objects: StoredObject[] = []
    let startKey = keyPrefix
    let revision = 0
    for (;;) {
      const query = { prefix: keyPrefix, startKey, limit: pageSize, revision }
      const page = await this.#deps.store.range(query)
      revision ||= page.revision
      for (const kv of page.kvs) {
        objects.push(codec.read(kv.key.slice(keyPrefix.length), kv))
      }
      if (page.count <= page.kvs.length) return { objects, revision }
      startKey = `${page.kvs.at(-1)!.key}\0`
    }
  }

  #adopt({ objects, revision }: { objects: StoredObject[]; revision: number }): void {
    const before = this.#objects
    this.#objects = sortedMap()
    this.#index = new ObjectIndex(this.config.indexedField)
    for (const object of objects) {
      this.#objects.set(object.key, object)
      this.#index.change(undefined, object)
    }
    this.#window = new EventWindow(revision)
    this.#listedRevision = revision
    const held = this.#held ?? []
    this.#held = undefined
    this.#tellDifference(before, revision)
    this.#onChanges(held.filter((change) => revisionOf(change) > revision))
  }

  /**
   * The server's own indexes hear of a new list as of changes: after a reset they know an older
   * state.
   */
  #tellDifference(before: SortedMap<StoredObject>, revision: number): void {
    for (const object of this.#objects.values()) {
      const previous = before.get(object.key)
      if (previous?.revision === object.revision) continue
      this.#tell({ revision: object.revision, type: 'put', object, previous, atMs: 0 })
    }
    for (const previous of before.values()) {
      if (this.#objects.has(previous.key)) continue
      this.#tell({ revision, type: 'delete', object: previous, previous, atMs: 0 })
    }
  }

  #onChanges(changes: readonly Change[]): void {
    if (!this.#ready) return
    if (this.#held) {
      this.#held.push(...changes)
      return
    }
    for (const change of changes) this.#apply(change)
    this.#watchers.flush()
  }

  #apply(change: Change): void {
    const event = this.#eventOf(change)
    if (!event) return
    const { object, previous } = event
    if (event.type === 'put') this.#objects.set(object.key, object)
    else this.#objects.delete(object.key)
    this.#index.change(previous, event.type === 'put' ? object : undefined)
    this.#window.append(event)
    this.#tell(event)
    this.#watchers.dispatch(event)
  }

  #eventOf(change: Change): CacheEvent | undefined {
    const { keyPrefix, codec } = this.config
    const revision = revisionOf(change)
    const atMs = this.#deps.clock.monotonicMs()
    const fullKey = change.type === 'put' ? change.kv.key : change.key
    const key = fullKey.slice(keyPrefix.length)
    const previous = this.#objects.get(key)
    if (change.type === 'put') {
      const object = codec.read(key, change.kv)
      return { revision, type: 'put', object, previous, atMs }
    }
    if (!previous) return undefined
    return { revision, type: 'delete', object: previous.restamped(revision), previous, atMs }
  }

  #tell(event: CacheEvent): void {
    // A listener may take itself away.
    for (const listener of this.#listeners.slice()) listener(event)
  }

  /** The feed lost history: list anew, and let the clients do so too. */
  #onReset(): void {
    if (!this.#ready) return
    this.endWatchers()
    this.#ready = this.#load()
  }

  #armBookmarks(): void {
    this.#bookmarkTimer = this.#deps.clock.setTimer(bookmarkPeriodMs, () => {
      this.#bookmarkTimer = undefined
      if (this.#watchers.bookmark(this.revision)) this.#armBookmarks()
    })
  }
}

function revisionOf(change: Change): number {
  return change.type === 'put' ? change.kv.modRevision : change.modRevision
}
