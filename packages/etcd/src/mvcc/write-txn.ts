import { isTombstone } from './version.ts'
import type { Revision, Version } from './version.ts'

/** What a transaction reads, and where its changes go. */
export interface TxnTarget {
  readonly revision: Revision
  /** The newest version, which may be a tombstone. */
  head(key: string): Version | undefined
  /** The key as it is now; undefined when it is not there. */
  get(key: string): Version | undefined
  forEachHead(key: string, rangeEnd: string, visit: (head: Version) => void): void
  /** A new newest version of its key. */
  push(version: Version): void
  /** The transaction changed something and is complete. */
  commit(revision: Revision, changes: readonly Version[]): void
}

/** The changes of one revision. Reads of the store between them see them. */
export class WriteTxn {
  readonly #target: TxnTarget
  /** The revision that the changes get. */
  readonly revision: Revision
  readonly changes: Version[] = []

  constructor(target: TxnTarget) {
    this.#target = target
    this.revision = target.revision + 1
  }

  put(key: string, value: string, lease: bigint): Version {
    const previous = this.#target.head(key)
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
      const head = this.#target.get(key)
      if (head) doomed.push(head)
    } else {
      this.#target.forEachHead(key, rangeEnd, (head) => {
        if (!isTombstone(head)) doomed.push(head)
      })
    }
    for (const head of doomed) this.#bury(head)
    return doomed.length
  }

  /** Ends the transaction; returns the revision after it. */
  end(): Revision {
    if (this.changes.length > 0) this.#target.commit(this.revision, this.changes)
    return this.#target.revision
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
    this.#target.push(version)
    this.changes.push(version)
    return version
  }
}
