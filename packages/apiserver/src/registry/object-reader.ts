import { isStatusError, notFound, statusError } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { ChangeFeed } from '../cache/change-feed.ts'
import type { ResourceCache } from '../cache/resource-cache.ts'
import type { StoredObject } from '../cache/stored-object.ts'
import type { WatchScope } from '../cache/watcher.ts'
import { failedWatcher } from '../cache/watcher.ts'
import type { Watcher } from '../cache/watcher.ts'
import type { ResourcePath } from '../request/api-request.ts'
import type { ListOptions, WatchOptions } from '../request/options.ts'
import type { KeyValueStore } from '../store/key-value-store.ts'
import { isStoreError } from '../store/store-error.ts'
import { decodeContinue, encodeContinue } from './continue-token.ts'
import type { ContinuePoint } from './continue-token.ts'
import {
  checkListOptions,
  checkWatchOptions,
  withWatchDefaults,
} from './list-options-validation.ts'
import type { ListPage } from './list-page.ts'
import { scopeOf } from './list-scope.ts'
import { parsePlainRevision, parseRevision, tooLargeResourceVersion } from './store-status.ts'

export interface ReaderDeps {
  readonly definition: KindDefinition
  readonly cache: ResourceCache
  readonly feed: ChangeFeed
  readonly store: KeyValueStore
}

/**
 * How long a read waits for a revision that the cache has not seen (watch_cache.go, blockTimeout).
 */
const freshnessTimeoutMs = 3_000
/** Objects are asked of the store in pages of this many when a selector may drop most of them. */
const scanPageSize = 500

/** get, list and watch of one resource, with the meanings of resourceVersion. */
export class ObjectReader {
  readonly #deps: ReaderDeps

  constructor(deps: ReaderDeps) {
    this.#deps = deps
  }

  /**
   * Without a resourceVersion as fresh as the store; with one, at least that new, from the cache.
   */
  async get(path: ResourcePath, resourceVersion: string): Promise<StoredObject> {
    const { cache, definition } = this.#deps
    const found =
      resourceVersion === ''
        ? await this.read(objectKeyOf(path))
        : await this.#cachedAt(parsePlainRevision(resourceVersion)).then(() =>
            cache.get(objectKeyOf(path)),
          )
    if (!found) throw notFound(definition.type, path.name)
    return found
  }

  /** The object as the store has it now. */
  async read(key: string): Promise<StoredObject | undefined> {
    const { store, cache } = this.#deps
    const { keyPrefix, codec } = cache.config
    const { kv } = await store.get(keyPrefix + key)
    return kv && codec.read(key, kv)
  }

  async list(path: ResourcePath, options: ListOptions): Promise<ListPage> {
    checkListOptions(options)
    const { cache, definition } = this.#deps
    const scope = await scopeOf(definition, path, options, cache.config.indexedField)
    if (options.continue !== '') return this.#continue(scope, options)
    const wanted = parseRevision(options.resourceVersion)
    if (options.resourceVersionMatch === 'Exact' || isExactByAge(options)) {
      return this.#scan(scope, options, { revision: wanted, startKey: '' })
    }
    if (options.resourceVersion === '') await this.#cachedNow()
    else await this.#cachedAt(wanted)
    return this.#fromCache(scope, options)
  }

  async watch(path: ResourcePath, asked: WatchOptions): Promise<Watcher> {
    const options = withWatchDefaults(asked)
    checkWatchOptions(options)
    const { cache, definition } = this.#deps
    const scope = await scopeOf(definition, path, options, cache.config.indexedField)
    const wanted = parsePlainRevision(options.resourceVersion)
    await cache.ready()
    const { sendInitialEvents, allowBookmarks } = options
    if (sendInitialEvents === true) {
      try {
        await this.#cachedFor(options.resourceVersion, wanted)
      } catch (error) {
        if (isStatusError(error, 'Timeout')) return failedWatcher(scope, error)
        throw error
      }
      return cache.watchState(scope, allowBookmarks, allowBookmarks)
    }
    if (wanted !== 0) return cache.watchFrom(wanted, scope, allowBookmarks)
    await this.#cachedFor(options.resourceVersion, wanted)
    return cache.watchFrom(cache.revision, scope, allowBookmarks)
  }

  /** Nothing stated: as new as the store is now. */
  #cachedFor(stated: string, wanted: number): Promise<void> {
    return stated === '' ? this.#cachedNow() : this.#cachedAt(wanted)
  }

  /** Waits until the cache shows everything that was acknowledged before the call. */
  async #cachedNow(): Promise<void> {
    const { cache, feed } = this.#deps
    const [revision] = await Promise.all([feed.freshRevision(), cache.ready()])
    if (await feed.waitFor(revision, freshnessTimeoutMs)) return
    throw tooLargeResourceVersion(revision, feed.revision)
  }

  /** Waits until the cache is at least that new. */
  async #cachedAt(revision: number): Promise<void> {
    const { cache, feed } = this.#deps
    await cache.ready()
    if (await feed.waitFor(revision, freshnessTimeoutMs)) return
    throw tooLargeResourceVersion(revision, feed.revision)
  }

  #fromCache(scope: WatchScope, { limit, ...options }: ListOptions): ListPage {
    const { cache } = this.#deps
    const all = cache.list(scope)
    const { revision } = cache
    if (limit <= 0 || all.length <= limit || options.resourceVersion === '0') {
      return completePage(all, revision)
    }
    const items = all.slice(0, limit)
    return {
      items,
      resourceVersion: String(revision),
      continue: encodeContinue({ revision, startKey: startAfter(scope, items.at(-1)!) }),
      remainingItemCount: isSelecting(options) ? undefined : all.length - limit,
    }
  }

  async #continue(scope: WatchScope, options: ListOptions): Promise<ListPage> {
    const point = await decodeContinue(options.continue)
    if (options.resourceVersion !== '' && options.resourceVersion !== '0') {
      throw statusError(
        'BadRequest',
        'specifying resource version is not allowed when using continue',
      )
    }
    try {
      return await this.#scan(scope, options, { ...point, revision: Math.max(0, point.revision) })
    } catch (error) {
      if (!isStoreError(error, 'compacted')) throw error
      throw expiredContinue(point)
    }
  }

  /**
   * Straight from the store as of one revision (0: now), page by page until `limit` objects match.
   */
  async #scan(
    scope: WatchScope,
    { limit, ...options }: ListOptions,
    point: ContinuePoint,
  ): Promise<ListPage> {
    const { keyPrefix, codec } = this.#deps.cache.config
    const prefix = keyPrefix + startKeyOf(scope)
    const pageSize = limit > 0 && !isSelecting(options) ? limit : scanPageSize
    const items: StoredObject[] = []
    let { revision } = point
    let startKey = prefix + point.startKey
    for (;;) {
      const page = await this.#range({ prefix, startKey, limit: pageSize, revision })
      revision ||= page.revision
      for (const [i, kv] of page.kvs.entries()) {
        const object = codec.read(kv.key.slice(keyPrefix.length), kv)
        if (scope.matches(object)) items.push(object)
        const left = page.count - i - 1
        if (limit <= 0 || items.length < limit || left === 0) continue
        return {
          items,
          resourceVersion: String(revision),
          continue: encodeContinue({ revision, startKey: startAfter(scope, object) }),
          remainingItemCount: isSelecting(options) ? undefined : left,
        }
      }
      if (page.count <= page.kvs.length) return completePage(items, revision)
      startKey = `${page.kvs.at(-1)!.key}\0`
    }
  }

  async #range(query: Parameters<KeyValueStore['range']>[0]): ReturnType<KeyValueStore['range']> {
    try {
      return await this.#deps.store.range(query)
    } catch (error) {
      if (isStoreError(error, 'future') && query.revision !== undefined) {
        throw tooLargeResourceVersion(query.revision, this.#deps.feed.revision)
      }
      throw error
    }
  }
}

/** `namespace/name`, or the name alone: an object's key below its resource's prefix. */
export function objectKeyOf({ namespace, name }: { namespace: string; name: string }): string {
  return namespace === '' ? name : `${namespace}/${name}`
}

function startKeyOf({ namespace }: WatchScope): string {
  return namespace === '' ? '' : `${namespace}/`
}

/** A token's key is relative to the list's own prefix, as upstream's is. */
function startAfter(scope: WatchScope, { key }: StoredObject): string {
  return `${key.slice(startKeyOf(scope).length)}\0`
}

function completePage(items: readonly StoredObject[], revision: number): ListPage {
  return {
    items,
    resourceVersion: String(revision),
    continue: '',
    remainingItemCount: undefined,
  }
}

/**
 * A limit with an unqualified resourceVersion means that very revision (the old rule,
 * storage.GetList).
 */
function isExactByAge({ limit, resourceVersion, resourceVersionMatch }: ListOptions): boolean {
  return limit > 0 && resourceVersionMatch === '' && !['', '0'].includes(resourceVersion)
}

function isSelecting(options: Pick<ListOptions, 'labelSelector' | 'fieldSelector'>): boolean {
  return options.labelSelector !== '' || options.fieldSelector !== ''
}

const continueExpired =
  'The provided continue parameter is too old to display a consistent list result. You ' +
  'can start a new list without the continue parameter, or use the continue token in ' +
  'this response to retrieve the remainder of the results. Continuing with the provided ' +
  'token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the ' +
  'list.'

/**
 * Carries a token with which the client may go on at the newest revision, if it can live with a
 * seam.
 */
function expiredContinue({ startKey }: ContinuePoint): Error {
  const error = statusError('Expired', continueExpired)
  error.status.metadata = { continue: encodeContinue({ revision: -1, startKey }) }
  return error
}
