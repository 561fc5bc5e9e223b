import type { Clock } from '@kemu/base'

/** ExpectationsTimeout: events that have not come by then never will. */
const timeoutMs = 5 * 60_000

interface Expectation {
  additions: number
  deletions: number
  readonly sinceMs: number
}

/**
 * What a controller has done and its cache does not show yet (upstream: ControllerExpectations). Without this, a
 * controller that runs again before its own creations come back through the watch would create them a second time.
 *
 * Before it acts, a controller states how many creations or deletions it will make; each event that comes takes one
 * away, and each failed call too. While any are open, the controller must not act on its counts.
 */
export class Expectations {
  readonly #clock: Clock
  readonly #open = new Map<string, Expectation>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** True when the cache shows everything that was done, or when too much time has passed to believe otherwise. */
  satisfied(key: string): boolean {
    const open = this.#open.get(key)
    if (!open) return true
    if (open.additions <= 0 && open.deletions <= 0) return true
    return this.#clock.monotonicMs() - open.sinceMs > timeoutMs
  }

  expectCreations(key: string, additions: number): void {
    this.#set(key, additions, 0)
  }

  expectDeletions(key: string, deletions: number): void {
    this.#set(key, 0, deletions)
  }

  expect(key: string, additions: number, deletions: number): void {
    this.#set(key, additions, deletions)
  }

  creationObserved(key: string): void {
    const open = this.#open.get(key)
    if (open) open.additions -= 1
  }

  deletionObserved(key: string): void {
    const open = this.#open.get(key)
    if (open) open.deletions -= 1
  }

  /** Call it when the owner is gone. */
  forget(key: string): void {
    this.#open.delete(key)
  }

  #set(key: string, additions: number, deletions: number): void {
    this.#open.set(key, { additions, deletions, sinceMs: this.#clock.monotonicMs() })
  }
}

/**
 * Expectations that know which objects they delete (upstream: UIDTrackingControllerExpectations): an object's deletion
 * is seen twice, as an update with a deletionTimestamp and as its removal, and must count once.
 */
export class DeletionExpectations {
  readonly #expectations: Expectations
  readonly #uids = new Map<string, Set<string>>()

  constructor(clock: Clock) {
    this.#expectations = new Expectations(clock)
  }

  satisfied(key: string): boolean {
    return this.#expectations.satisfied(key)
  }

  expectCreations(key: string, additions: number): void {
    this.#uids.delete(key)
    this.#expectations.expectCreations(key, additions)
  }

  /** `ids` name the objects: keys or uids, the same form as in deletionObserved. */
  expectDeletions(key: string, ids: readonly string[]): void {
    this.expect(key, 0, ids)
  }

  expect(key: string, additions: number, ids: readonly string[]): void {
    this.#uids.set(key, new Set(ids))
    this.#expectations.expect(key, additions, ids.length)
  }

  creationObserved(key: string): void {
    this.#expectations.creationObserved(key)
  }

  deletionObserved(key: string, id: string): void {
    if (this.#uids.get(key)?.delete(id)) this.#expectations.deletionObserved(key)
  }

  forget(key: string): void {
    this.#uids.delete(key)
    this.#expectations.forget(key)
  }
}
