import type { EventLog } from './event-log.ts'
import { isInRange } from './key-range.ts'
import { isTombstone } from './version.ts'
import type { Revision, Version } from './version.ts'

/** What a watch wants to see. */
export interface WatchSpec {
  readonly key: string
  readonly rangeEnd: string
  readonly noPut: boolean
  readonly noDelete: boolean
}

/** Where a watch's news goes. */
export interface WatchSink {
  /** False: the client does not keep up; nothing more now, and `WatchHub.resume` when there is room again. */
  readonly isReady: boolean
  /** Whole revisions, in order. */
  onEvents(watcher: Watcher, events: readonly Version[]): void
  /** What the watch needs was compacted; it is over. */
  onCompacted(watcher: Watcher, compactRevision: Revision): void
}

/** One watch. Everything before `next` was delivered. */
export class Watcher {
  readonly id: number
  readonly spec: WatchSpec
  readonly sink: WatchSink
  next: Revision
  /** It gets news as they happen; otherwise it reads the log from `next` on. */
  isSynced = false
  isClosed = false

  constructor(id: number, spec: WatchSpec, sink: WatchSink, next: Revision) {
    this.id = id
    this.spec = spec
    this.sink = sink
    this.next = next
  }

  wants(event: Version): boolean {
    if (event.modRevision < this.next) return false
    return isTombstone(event) ? !this.spec.noDelete : !this.spec.noPut
  }
}

export interface WatchSource {
  readonly log: EventLog
  readonly revision: Revision
  readonly compactRevision: Revision
}

/** Watches of one range share the search for what concerns them. */
interface Group {
  readonly key: string
  readonly rangeEnd: string
  readonly watchers: Set<Watcher>
  batch: Version[]
}

/** Events that a lagging watch gets in one go before its client is asked again whether it keeps up. */
const catchUpEventsMax = 1000

/**
 * Brings every change to the watches that want it: ordered, once, whole revisions at a time, and from any revision that
 * is still in the log. A slow watch keeps nobody waiting and holds no memory: it only remembers where it stands.
 */
export class WatchHub {
  #source: WatchSource
  /** Synced watches, by range. */
  readonly #single = new Map<string, Group>()
  readonly #ranges = new Map<string, Group>()
  readonly #lagging = new Set<Watcher>()
  #touched: Group[] = []

  constructor(source: WatchSource) {
    this.#source = source
  }

  get watcherCount(): number {
    let count = this.#lagging.size
    for (const { watchers } of this.#single.values()) count += watchers.size
    for (const { watchers } of this.#ranges.values()) count += watchers.size
    return count
  }

  get laggingCount(): number {
    return this.#lagging.size
  }

  add(watcher: Watcher): void {
    if (watcher.next > this.#source.revision) this.#join(watcher)
    else {
      this.#lagging.add(watcher)
      this.resume(watcher)
    }
  }

  remove(watcher: Watcher): void {
    watcher.isClosed = true
    this.#lagging.delete(watcher)
    if (watcher.isSynced) this.#leave(watcher)
  }

  /** New changes, whole revisions in order; the source has them already. */
  publish(events: readonly Version[]): void {
    if (this.#single.size === 0 && this.#ranges.size === 0) return
    for (const event of events) this.#sort(event)
    const touched = this.#touched
    this.#touched = []
    for (const group of touched) {
      const { batch } = group
      group.batch = []
      for (const watcher of Array.from(group.watchers)) this.#deliver(watcher, batch)
    }
  }

  /** The client of a lagging watch has room again. */
  resume(watcher: Watcher): void {
    if (!this.#lagging.has(watcher)) return
    const { log, revision, compactRevision } = this.#source
    if (watcher.next < compactRevision) {
      this.remove(watcher)
      watcher.sink.onCompacted(watcher, compactRevision)
      return
    }
    while (watcher.sink.isReady && watcher.next <= revision) this.#catchUp(watcher, log, revision)
    if (watcher.isClosed || watcher.next <= revision) return
    this.#lagging.delete(watcher)
    this.#join(watcher)
  }

  /** The state was replaced as a whole (a snapshot from the leader): every watch reads on from where it stands. */
  reset(source: WatchSource): void {
    this.#source = source
    const watchers = [...this.#single.values(), ...this.#ranges.values()].flatMap((group) => [
      ...group.watchers,
    ])
    for (const watcher of watchers) {
      this.#leave(watcher)
      this.#lagging.add(watcher)
    }
    for (const watcher of Array.from(this.#lagging)) this.resume(watcher)
  }

  #sort(event: Version): void {
    const single = this.#single.get(event.key)
    if (single) this.#touch(single, event)
    for (const group of this.#ranges.values()) {
      if (isInRange(event.key, group.key, group.rangeEnd)) this.#touch(group, event)
    }
  }

  #touch(group: Group, event: Version): void {
    if (group.batch.length === 0) this.#touched.push(group)
    group.batch.push(event)
  }

  #deliver(watcher: Watcher, batch: readonly Version[]): void {
    if (watcher.isClosed) return
    if (!watcher.sink.isReady) {
      watcher.next = Math.max(watcher.next, batch[0]!.modRevision)
      this.#leave(watcher)
      this.#lagging.add(watcher)
      return
    }
    const { noPut, noDelete } = watcher.spec
    const isPlain = !noPut && !noDelete && batch[0]!.modRevision >= watcher.next
    const events = isPlain ? batch : batch.filter((event) => watcher.wants(event))
    watcher.next = Math.max(watcher.next, batch.at(-1)!.modRevision + 1)
    if (events.length > 0) watcher.sink.onEvents(watcher, events)
  }

  #catchUp(watcher: Watcher, log: EventLog, revision: Revision): void {
    const events: Version[] = []
    let index = log.indexOf(watcher.next)
    for (; index < log.length; index++) {
      const event = log.at(index)!
      const isNewRevision = event.modRevision !== log.at(index - 1)?.modRevision
      if (isNewRevision && events.length >= catchUpEventsMax) break
      const { key, rangeEnd } = watcher.spec
      if (isInRange(event.key, key, rangeEnd) && watcher.wants(event)) events.push(event)
    }
    watcher.next = index < log.length ? log.at(index)!.modRevision : revision + 1
    if (events.length > 0) watcher.sink.onEvents(watcher, events)
  }

  #join(watcher: Watcher): void {
    watcher.isSynced = true
    const { key, rangeEnd } = watcher.spec
    const groups = rangeEnd === '' ? this.#single : this.#ranges
    const id = groupId(watcher.spec)
    let group = groups.get(id)
    if (!group) groups.set(id, (group = { key, rangeEnd, watchers: new Set(), batch: [] }))
    group.watchers.add(watcher)
  }

  #leave(watcher: Watcher): void {
    watcher.isSynced = false
    const groups = watcher.spec.rangeEnd === '' ? this.#single : this.#ranges
    const id = groupId(watcher.spec)
    const group = groups.get(id)
    group?.watchers.delete(watcher)
    if (group?.watchers.size === 0) groups.delete(id)
  }
}

/** Lengths make it unambiguous: keys may hold any byte. */
function groupId({ key, rangeEnd }: WatchSpec): string {
  return rangeEnd === '' ? key : `${key.length}:${key}${rangeEnd}`
}
