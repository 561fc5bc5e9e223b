import { sleep } from '@kemu/base'
import type { Clock, Timer } from '@kemu/base'
import type { Change, ChangeStream, KeyValueStore } from '../store/key-value-store.ts'

/** What a resource hears of the feed. */
export interface FeedListener {
  /** Changes below the listener's prefix, in order; each exactly once. */
  onChanges(changes: readonly Change[]): void
  /** History was lost: what the listener knows may have holes. */
  onReset(): void
}

/**
 * While somebody waits for a revision that brings no change of ours, the store is asked this often.
 */
const askAgainMs = 50

/**
 * One watch over everything below a root, shared by all resources. Because every write passes it,
 * its revision tells
 * how fresh all caches are at once: a consistent read asks the store for its revision and waits
 * here until the feed has
 * come that far (the idea of KEP-2340, with one stream instead of one for each resource).
 */
export class ChangeFeed {
  readonly #store: KeyValueStore
  readonly #clock: Clock
  readonly #root: string
  readonly #listeners = new Map<string, FeedListener[]>()
  readonly #waiters = new Set<{ revision: number; done: (reached: boolean) => void }>()
  #stream: ChangeStream | undefined
  #revision = 0
  #asking: Timer | undefined
  /** Not sent yet: whoever comes now may share it. */
  #queuedQuestion: Promise<number> | undefined
  #sentQuestion: Promise<number> | undefined
  #closed = false

  constructor(store: KeyValueStore, clock: Clock, root: string) {
    this.#store = store
    this.#clock = clock
    this.#root = root
  }

  /** Everything up to here has reached the listeners. */
  get revision(): number {
    return this.#revision
  }

  async start(): Promise<void> {
    const { revision } = await this.#store.get(this.#root)
    if (this.#closed) return
    this.#revision = Math.max(this.#revision, revision)
    this.#stream = this.#store.watch(this.#root, revision + 1, {
      onChanges: (changes, upTo) => this.#onChanges(changes, upTo),
      onCompacted: () => void this.#restart(),
    })
  }

  /** Registers who hears of keys below `root + prefix`. */
  listen(prefix: string, listener: FeedListener): void {
    const listeners = this.#listeners.get(prefix)
    if (listeners) listeners.push(listener)
    else this.#listeners.set(prefix, [listener])
  }

  /**
   * The store's revision at some moment after the call. Callers that come while a question is under
   * way share the
   * next one.
   */
  freshRevision(): Promise<number> {
    this.#queuedQuestion ??= this.#ask()
    return this.#queuedQuestion
  }

  /** True when the feed has come to the revision; false when it did not within the time. */
  waitFor(revision: number, timeoutMs: number): Promise<boolean> {
    if (this.#revision >= revision) return Promise.resolve(true)
    return new Promise((resolve) => {
      const waiter = {
        revision,
        done: (reached: boolean): void => {
          timer.cancel()
          this.#waiters.delete(waiter)
          resolve(reached)
        },
      }
      const timer = this.#clock.setTimer(timeoutMs, () => waiter.done(false))
      this.#waiters.add(waiter)
      this.#asking ??= this.#clock.setTimer(0, () => this.#askProgress())
    })
  }

  close(): void {
    this.#closed = true
    this.#stream?.close()
    this.#asking?.cancel()
    for (const waiter of this.#waiters) waiter.done(false)
  }

  async #ask(): Promise<number> {
    await this.#sentQuestion?.catch(() => {})
    this.#queuedQuestion = undefined
    const question = this.#store.get(this.#root).then(({ revision }) => revision)
    this.#sentQuestion = question
    return question
  }

  #askProgress(): void {
    this.#asking = undefined
    if (this.#waiters.size === 0 || this.#closed) return
    this.#stream?.requestProgress()
    this.#asking = this.#clock.setTimer(askAgainMs, () => this.#askProgress())
  }

  #onChanges(changes: readonly Change[], upTo: number): void {
    this.#revision = Math.max(this.#revision, upTo)
    for (const [listeners, batch] of this.#group(changes)) {
      for (const listener of listeners) listener.onChanges(batch)
    }
    for (const waiter of this.#waiters) if (waiter.revision <= upTo) waiter.done(true)
  }

  /** Most batches are one change, or changes of one resource. */
  #group(changes: readonly Change[]): Map<readonly FeedListener[], Change[]> {
    const groups = new Map<readonly FeedListener[], Change[]>()
    for (const change of changes) {
      const listeners = this.#listenersOf(change.type === 'put' ? change.kv.key : change.key)
      if (!listeners) continue
      const group = groups.get(listeners)
      if (group) group.push(change)
      else groups.set(listeners, [change])
    }
    return groups
  }

  /** Prefixes are one path segment or two (`pods`, `services/specs`). */
  #listenersOf(key: string): readonly FeedListener[] | undefined {
    const first = key.indexOf('/', this.#root.length)
    if (first < 0) return undefined
    const one = this.#listeners.get(key.slice(this.#root.length, first))
    if (one) return one
    const second = key.indexOf('/', first + 1)
    return second < 0 ? undefined : this.#listeners.get(key.slice(this.#root.length, second))
  }

  /** The stream fell behind compaction: begin anew, and let the listeners do the same. */
  async #restart(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.start()
        break
      } catch {
        await sleep(this.#clock, askAgainMs)
      }
    }
    for (const listener of [...this.#listeners.values()].flat()) listener.onReset()
  }
}
