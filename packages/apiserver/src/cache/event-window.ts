import type { StoredObject } from './stored-object.ts'

/** One change of one object, as the cache keeps it for watchers. */
export interface CacheEvent {
  readonly revision: number
  readonly type: 'put' | 'delete'
  /** The new state; of a delete the last state under the revision of the delete. */
  readonly object: StoredObject
  /** The state before; undefined for a new object. */
  readonly previous: StoredObject | undefined
  /** Steady time of arrival in milliseconds. */
  readonly atMs: number
}

/** Events younger than this are kept while there is room (watch_cache.go, eventFreshDuration). */
const freshMs = 75_000
/** The same file's bounds of the window's size. */
const leastEvents = 100
const mostEvents = 100 * 1024

/** The recent past of one resource, for watches that start there. */
export class EventWindow {
  #events: CacheEvent[] = []
  #start = 0
  #oldestRevision: number

  /** @param revision The state that the first event changes. */
  constructor(revision: number) {
    this.#oldestRevision = revision
  }

  /** A watch can start after this revision, and not before. */
  get oldestRevision(): number {
    return this.#oldestRevision
  }

  append(event: CacheEvent): void {
    this.#events.push(event)
    this.#trim(event.atMs)
  }

  /** All events after the revision, oldest first. */
  after(revision: number): CacheEvent[] {
    let low = this.#start
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#events[middle]!.revision <= revision) low = middle + 1
      else high = middle
    }
    return this.#events.slice(low)
  }

  #trim(nowMs: number): void {
    while (this.#mayDrop(nowMs)) {
      this.#oldestRevision = this.#events[this.#start]!.revision
      this.#start += 1
    }
    // Moved down in halves, so that the cost for each event stays constant.
    if (this.#start > this.#events.length / 2) {
      this.#events = this.#events.slice(this.#start)
      this.#start = 0
    }
  }

  #mayDrop(nowMs: number): boolean {
    const size = this.#events.length - this.#start
    if (size <= leastEvents) return false
    return size > mostEvents || nowMs - this.#events[this.#start]!.atMs > freshMs
  }
}
