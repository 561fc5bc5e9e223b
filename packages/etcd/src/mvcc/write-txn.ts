import type { Store } from './store.ts'
import { isTombstone } from './version.ts'
import type { Revision, Version } from './version.ts'

/** The changes of one revision. Reads of the store between them see them. */
export class WriteTxn {
  readonly #store: Store
  /** The revision that the changes get. */
  readonly revision: Revision
  readonly changes: Version[] = []

  constructor(store: Store) {
    this.#store = store
    this.revision = store.revision + 1
  }

  put(key: string, value: string, lease: bigint): Version {
    const previous = this.#store.head(key)
    const isNew = !previous || isTombstone(previous)
    return this.#push({
      key,
      createRevision: isNew ? this.revision : previous.createRevision,
      modRevision: this.revision,
      version: isNew ? 1 : previous.version + 1,
      value,
      lease,
      sub: this.changes.length,
      previous,
    })
  }

  /** Deletes the keys that are there; returns how many. */
  deleteRange(key: string, rangeEnd: string): number {
    const doomed: Version[] = []
    if (rangeEnd === '') {
      const head = this.#store.get(key)
      if (head) doomed.push(head)
    } else {
      this.#store.forEachHead(key, rangeEnd, (head) => {
        if (!isTombstone(head)) doomed.push(head)
      })
    }
    for (const head of doomed) this.#bury(head)
    return doomed.length
  }

  /** Ends the transaction; returns the store's revision after it. */
  end(): Revision {
    if (this.changes.length > 0) this.#store.commit(this.revision, this.changes)
    return this.#store.revision
  }

  #bury(previous: Version): void {
    this.#push({
      key: previous.key,
      createRevision: 0,
      modRevision: this.revision,
      version: 0,
      value: '',
      lease: 0n,
      sub: this.changes.length,
      previous,
    })
  }

  #push(version: Version): Version {
    this.#store.push(version)
    this.changes.push(version)
    return version
  }
}
