import type { CacheEvent } from './event-window.ts'
import type { Watcher } from './watcher.ts'

/**
 * The watchers of one resource, in rooms by what they ask for, so that an event meets only those
 * that may want it.
 */
export class WatcherIndex {
  readonly #indexedField: string | undefined
  readonly #everything = new Set<Watcher>()
  readonly #byNamespace = new Map<string, Set<Watcher>>()
  readonly #byName = new Map<string, Set<Watcher>>()
  readonly #byField = new Map<string, Set<Watcher>>()
  readonly #bookmarked = new Set<Watcher>()
  /** Those that have something new since the last flush. */
  readonly #awake = new Set<Watcher>()
  #size = 0

  constructor(indexedField: string | undefined) {
    this.#indexedField = indexedField
  }

  get size(): number {
    return this.#size
  }

  add(watcher: Watcher, bookmarks: boolean): void {
    const [rooms, key] = this.#roomOf(watcher)
    if (rooms instanceof Set) rooms.add(watcher)
    else {
      const room = rooms.get(key)
      if (room) room.add(watcher)
      else rooms.set(key, new Set([watcher]))
    }
    if (bookmarks) this.#bookmarked.add(watcher)
    this.#size += 1
  }

  delete(watcher: Watcher): void {
    const [rooms, key] = this.#roomOf(watcher)
    const room = rooms instanceof Set ? rooms : rooms.get(key)
    if (!room?.delete(watcher)) return
    if (!(rooms instanceof Set) && room.size === 0) rooms.delete(key)
    this.#bookmarked.delete(watcher)
    this.#awake.delete(watcher)
    this.#size -= 1
  }

  dispatch(event: CacheEvent): void {
    const { object, previous } = event
    this.#offer(this.#everything, event)
    this.#offer(this.#byNamespace.get(object.namespace), event)
    this.#offer(this.#byName.get(object.key), event)
    // A name in all namespaces.
    if (object.namespace !== '') this.#offer(this.#byName.get(object.name), event)
    if (this.#indexedField === undefined) return
    const value = object.fields[this.#indexedField] ?? ''
    const before = previous?.fields[this.#indexedField] ?? value
    this.#offer(this.#byField.get(value), event)
    if (before !== value) this.#offer(this.#byField.get(before), event)
  }

  /** Tells each front that has something to take. */
  flush(): void {
    for (const watcher of this.#awake) watcher.onReady()
    this.#awake.clear()
  }

  /** Sends a bookmark to those that asked for them; false when nobody did. */
  bookmark(revision: number): boolean {
    for (const watcher of this.#bookmarked) {
      if (watcher.bookmark(revision)) this.#awake.add(watcher)
    }
    this.flush()
    return this.#bookmarked.size > 0
  }

  *[Symbol.iterator](): Iterator<Watcher> {
    yield* this.#everything
    for (const rooms of [this.#byNamespace, this.#byName, this.#byField]) {
      for (const room of rooms.values()) yield* room
    }
  }

  #offer(room: Set<Watcher> | undefined, event: CacheEvent): void {
    if (!room) return
    for (const watcher of room) if (watcher.offer(event)) this.#awake.add(watcher)
  }

  #roomOf({ scope }: Watcher): [Set<Watcher> | Map<string, Set<Watcher>>, string] {
    const { namespace, name, indexed } = scope
    if (name !== '') return [this.#byName, namespace === '' ? name : `${namespace}/${name}`]
    if (indexed !== undefined) return [this.#byField, indexed]
    if (namespace !== '') return [this.#byNamespace, namespace]
    return [this.#everything, '']
  }
}
