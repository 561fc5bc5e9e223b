import { assert } from '@kemu/base'
import sortedBtree from 'sorted-btree'
import { storeErrors } from './errors.ts'
import { EventLog } from './event-log.ts'
import { toTheEnd } from './key-range.ts'
import { isTombstone, sizeOf, versionAt } from './version.ts'
import type { Revision, Version } from './version.ts'
import { WriteTxn } from './write-txn.ts'
import type { TxnTarget } from './write-txn.ts'

// A CommonJS module: what Node imports as its default carries the class under that name again.
const { default: BTree } = sortedBtree

export interface RangeOptions {
  /** 0: now. */
  readonly revision: Revision
  /** 0: no limit. Keys past it are still counted. */
  readonly limit: number
  readonly countOnly: boolean
}

export interface RangeResult {
  readonly kvs: Version[]
  /** Keys in the range, beyond the limit too. */
  readonly count: number
  /** The store's revision when it was read. */
  readonly revision: Revision
}

/** Who keeps the keys of each lease. */
export interface LeaseKeys {
  attach(lease: bigint, key: string): void
  detach(lease: bigint, key: string): void
}

/** What was done since this process began; for metrics. */
export interface StoreCounts {
  ranges: number
  puts: number
  putBytes: number
  deletes: number
  txns: number
}

export const readNow: RangeOptions = { revision: 0, limit: 0, countOnly: false }

/**
 * The multi-version store: a sorted index from key to its newest version, from which the older ones hang, and the log
 * of all changes since the last compaction, by revision. Everything in it follows from the replicated log: no clock, no
 * chance, no I/O.
 */
export class Store implements TxnTarget {
  readonly #index = new BTree<string, Version>(undefined, (a, b) => (a < b ? -1 : a > b ? 1 : 0))
  readonly #leases: LeaseKeys
  readonly log = new EventLog()
  /** Grows by one with each transaction that changed something. */
  #revision: Revision = 1
  /** Below it nothing can be read; -1 as long as nothing was compacted. compactRevision <= revision */
  #compactRevision: Revision = -1
  #bytes = 0
  /** Snapshots that are being read. */
  #pins = 0
  /** Compactions whose forgetting waits for them: from here up to compactRevision. */
  #isCompactionDue = false
  readonly counts: StoreCounts = {
    ranges: 0,
    puts: 0,
    putBytes: 0,
    deletes: 0,
    txns: 0,
  }
  /** Committed, and not yet asked for by `takeChanges`. */
  #fresh: Version[] = []

  constructor(leases: LeaseKeys) {
    this.#leases = leases
  }

  get revision(): Revision {
    return this.#revision
  }

  get compactRevision(): Revision {
    return this.#compactRevision
  }

  /** What all retained versions take, in bytes; see sizeOf. */
  get bytes(): number {
    return this.#bytes
  }

  get keyCount(): number {
    return this.#index.size
  }

  /** The newest version, which may be a tombstone. */
  head(key: string): Version | undefined {
    return this.#index.get(key)
  }

  /** The key as it is now; undefined when it is not there. */
  get(key: string): Version | undefined {
    const head = this.#index.get(key)
    return head && !isTombstone(head) ? head : undefined
  }

  /** Throws when that revision is compacted or has not come yet. */
  checkRevision(revision: Revision): void {
    if (revision > this.#revision) throw storeErrors.futureRevision()
    if (revision > 0 && revision < this.#compactRevision) throw storeErrors.compacted()
  }

  range(key: string, rangeEnd: string, options: RangeOptions): RangeResult {
    this.checkRevision(options.revision)
    this.counts.ranges += 1
    const at = options.revision > 0 ? options.revision : Number.POSITIVE_INFINITY
    const limit = options.limit > 0 ? options.limit : Number.POSITIVE_INFINITY
    const kvs: Version[] = []
    let count = 0
    const visit = (head: Version | undefined): void => {
      const version = versionAt(head, at)
      if (!version || isTombstone(version)) return
      count += 1
      if (!options.countOnly && kvs.length < limit) kvs.push(version)
    }
    if (rangeEnd === '') visit(this.#index.get(key))
    else this.forEachHead(key, rangeEnd, visit)
    return { kvs, count, revision: this.#revision }
  }

  /** Newest versions, tombstones too, in key order. */
  forEachHead(key: string, rangeEnd: string, visit: (head: Version) => void): void {
    if (rangeEnd === toTheEnd) {
      for (const [, head] of this.#index.entries(key)) visit(head)
    } else if (rangeEnd > key) {
      this.#index.forRange(key, rangeEnd, false, (_key, head) => visit(head))
    }
  }

  /** Up to `count` newest versions whose keys come after `key`: the index in pieces. */
  headsAfter(key: string | undefined, count: number): Version[] {
    const heads: Version[] = []
    for (const [, head] of this.#index.entries(key)) {
      if (head.key === key) continue
      heads.push(head)
      if (heads.length >= count) break
    }
    return heads
  }

  /** Starts the next revision. One at a time; it takes effect at once, `end` gives it its number. */
  write(): WriteTxn {
    return new WriteTxn(this)
  }

  push(version: Version): void {
    const { previous } = version
    this.#index.set(version.key, version)
    this.#bytes += sizeOf(version)
    this.#count(version)
    const before = previous?.lease ?? 0n
    if (before === version.lease) return
    if (before !== 0n) this.#leases.detach(before, version.key)
    if (version.lease !== 0n) this.#leases.attach(version.lease, version.key)
  }

  #count(version: Version): void {
    if (isTombstone(version)) {
      this.counts.deletes += 1
      return
    }
    this.counts.puts += 1
    this.counts.putBytes += version.key.length + version.value.length
  }

  commit(revision: Revision, changes: readonly Version[]): void {
    assert(revision === this.#revision + 1, 'revisions have no gaps')
    this.#revision = revision
    this.log.append(changes)
    for (const change of changes) this.#fresh.push(change)
  }

  /** What was changed since it was last asked for, in order. */
  takeChanges(): readonly Version[] {
    const changes = this.#fresh
    if (changes.length > 0) this.#fresh = []
    return changes
  }

  /** Keeps every version that is there now until the returned function is called. */
  pin(): () => void {
    this.#pins += 1
    let isPinned = true
    return () => {
      if (!isPinned) return
      isPinned = false
      this.#pins -= 1
      if (this.#pins === 0 && this.#isCompactionDue) this.#forget()
    }
  }

  /** Forgets what is not needed to read at `revision` or later. Throws when there is nothing to forget. */
  compact(revision: Revision): void {
    if (revision <= this.#compactRevision) throw storeErrors.compacted()
    if (revision > this.#revision) throw storeErrors.futureRevision()
    this.#compactRevision = revision
    if (this.#pins > 0) this.#isCompactionDue = true
    else this.#forget()
  }

  #forget(): void {
    const revision = this.#compactRevision
    this.#isCompactionDue = false
    const keys = new Set<string>()
    for (const version of this.log.upTo(revision)) keys.add(version.key)
    for (const key of keys) this.#compactKey(key, revision)
    this.log.compact(revision)
  }

  /** The last version up to `revision` stays, unless it is a tombstone from before it. */
  #compactKey(key: string, revision: Revision): void {
    const head = this.#index.get(key)
    if (!head) return
    let newer: Version | undefined
    let version: Version | undefined = head
    while (version && version.modRevision > revision) {
      newer = version
      version = version.previous
    }
    if (!version) return
    this.#drop(version.previous)
    version.previous = undefined
    // A watch from this revision on has yet to be told, by who starts from a snapshot too (as with etcd 3.6).
    if (!isTombstone(version) || version.modRevision === revision) return
    this.#bytes -= sizeOf(version)
    if (newer) newer.previous = undefined
    else this.#index.delete(key)
  }

  #drop(chain: Version | undefined): void {
    for (let version = chain; version; version = version.previous) this.#bytes -= sizeOf(version)
  }

  /** Puts back what a snapshot holds: chains of versions by key, oldest first in each. */
  restore(
    revision: Revision,
    compactRevision: Revision,
    chains: Iterable<readonly Version[]>,
  ): void {
    assert(this.#index.size === 0 && this.#revision === 1, 'only an empty store is restored')
    this.#revision = revision
    this.#compactRevision = compactRevision
    const changes: Version[] = []
    for (const chain of chains) {
      for (const version of chain) {
        this.#bytes += sizeOf(version)
        if (version.modRevision >= compactRevision) changes.push(version)
      }
      const head = chain.at(-1)
      if (!head) continue
      this.#index.set(head.key, head)
      if (head.lease !== 0n) this.#leases.attach(head.lease, head.key)
    }
    changes.sort((a, b) => a.modRevision - b.modRevision || a.sub - b.sub)
    this.log.append(changes)
  }
}
