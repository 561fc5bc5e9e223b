import { StatusError } from '@kemu/api'
import type { CacheEvent } from './event-window.ts'
import type { StoredObject } from './stored-object.ts'

/** What a watch hands to its front. */
export type WatchItem =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: StoredObject }
  | { readonly type: 'BOOKMARK'; readonly revision: number; readonly initialEventsEnd: boolean }
  | { readonly type: 'ERROR'; readonly error: StatusError }

/**
 * Which objects a watch wants. The keys narrow down which events are offered to it; `matches`
 * decides.
 */
export interface WatchScope {
  /** '' is all namespaces. */
  readonly namespace: string
  /** '' is any name. */
  readonly name: string
  /**
   * A field that the resource is indexed by (pods: spec.nodeName), if the selector asks for one
   * value of it.
   */
  readonly indexed?: string
  matches(object: StoredObject): boolean
}

/**
 * A watcher that has this many events waiting is too slow for us: it is ended and resumes where it
 * stopped.
 */
const mostWaiting = 10_000

/**
 * One watch: a queue between the cache, which never waits, and a front, which takes as fast as its
 * connection allows.
 * It ends when it is closed, when it became too slow, or after an ERROR item.
 */
export class Watcher {
  readonly scope: WatchScope
  /** Called when items wait after there were none, and when the watch has ended. */
  onReady: () => void = () => {}
  #initial: readonly WatchItem[]
  #initialTaken = 0
  #queue: WatchItem[] = []
  #ended = false
  readonly #onClose: (watcher: Watcher) => void

  constructor(
    scope: WatchScope,
    initial: readonly WatchItem[],
    onClose: (watcher: Watcher) => void = () => {},
  ) {
    this.scope = scope
    this.#initial = initial
    this.#onClose = onClose
  }

  /** Nothing more will come than what `take` still gives. */
  get ended(): boolean {
    return this.#ended
  }

  /** Up to `most` items, oldest first; empty when nothing waits. */
  take(most: number): readonly WatchItem[] {
    if (this.#initialTaken < this.#initial.length) {
      const items = this.#initial.slice(this.#initialTaken, this.#initialTaken + most)
      this.#initialTaken += items.length
      if (this.#initialTaken === this.#initial.length) this.#initial = []
      return items
    }
    if (this.#queue.length <= most) {
      const items = this.#queue
      this.#queue = []
      return items
    }
    return this.#queue.splice(0, most)
  }

  get isWaiting(): boolean {
    return this.#initialTaken < this.#initial.length || this.#queue.length > 0
  }

  /** Queues what the event means to this watch. True when the front must be told. */
  offer(event: CacheEvent): boolean {
    const item = interpret(event, this.scope)
    return item !== undefined && this.#push(item)
  }

  bookmark(revision: number): boolean {
    return this.#push({ type: 'BOOKMARK', revision, initialEventsEnd: false })
  }

  fail(error: StatusError): void {
    if (this.#ended) return
    this.#push({ type: 'ERROR', error })
    this.end()
  }

  /** From the server's side: what waits is still given. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#onClose(this)
    this.onReady()
  }

  /** From the client's side: nothing is wanted any more. */
  close(): void {
    this.#initial = []
    this.#queue = []
    // The front that waits must hear of the end to let go of the watch.
    this.end()
  }

  #push(item: WatchItem): boolean {
    if (this.#ended) return false
    if (this.#queue.length >= mostWaiting) {
      this.#queue = []
      this.end()
      return false
    }
    this.#queue.push(item)
    return this.#queue.length === 1
  }
}

/** A watch that was let in and fails: by an event, never by its code (upstream's newErrWatcher). */
export function failedWatcher(scope: WatchScope, error: StatusError): Watcher {
  const watcher = new Watcher(scope, [])
  watcher.fail(error)
  return watcher
}

/**
 * What an event means to a watch: an object that comes to match is ADDED, one that stops matching
 * is DELETED with
 * the last content that matched.
 */
function interpret(event: CacheEvent, scope: WatchScope): WatchItem | undefined {
  const { object, previous } = event
  const before = previous !== undefined && scope.matches(previous)
  if (event.type === 'delete') return before ? { type: 'DELETED', object } : undefined
  if (scope.matches(object)) return { type: before ? 'MODIFIED' : 'ADDED', object }
  return before ? { type: 'DELETED', object: previous.restamped(event.revision) } : undefined
}
