import { sortedMap } from '../sorted-map.ts'
import type { SortedMap } from '../sorted-map.ts'
import { prefixEnd } from './key-value-store.ts'
import type {
  Change,
  ChangeSink,
  ChangeStream,
  KeyValue,
  KeyValueStore,
  RangeQuery,
  RangeResult,
  VersionedWrite,
  WriteResult,
} from './key-value-store.ts'
import { StoreError } from './store-error.ts'

interface Entry extends KeyValue {
  readonly version: number
  readonly lease: string | undefined
}

interface Watcher {
  readonly prefix: string
  readonly sink: ChangeSink
  nextRevision: number
  scheduled: boolean
  closed: boolean
}

/**
 * A store in one process's memory with etcd's meanings: revisions, history, compaction. For tests.
 */
export class MemoryStore implements KeyValueStore {
  readonly #entries = sortedMap<Entry>()
  /** Index i holds the change of revision i + 2: an empty etcd is at revision 1. */
  readonly #history: Change[] = []
  readonly #watchers = new Set<Watcher>()
  #compactedRevision = 0
  #leases = 0
  /** Called before each operation; what it throws is the answer (a fault of a test's choosing). */
  onCall: (operation: string, key: string) => void = () => {}

  get revision(): number {
    return this.#history.length + 1
  }

  async get(key: string): Promise<{ kv: KeyValue | undefined; revision: number }> {
    this.onCall('get', key)
    return { kv: this.#entries.get(key), revision: this.revision }
  }

  async range(query: RangeQuery): Promise<RangeResult> {
    this.onCall('range', query.prefix)
    const { prefix, startKey = prefix, limit = 0, revision = 0, countOnly = false } = query
    if (revision > this.revision) throw future()
    if (revision !== 0 && revision < this.#compactedRevision) throw compacted()
    const entries = revision === 0 ? this.#entries : this.#entriesAt(revision)
    const found: Entry[] = []
    entries.forRange(startKey, prefixEnd(prefix), false, (_key, entry) => void found.push(entry))
    const kvs = countOnly ? [] : limit > 0 ? found.slice(0, limit) : found
    return { kvs, count: found.length, revision: this.revision }
  }

  async create(key: string, value: Buffer, lease?: string): Promise<WriteResult> {
    return this.replace(key, 0, value, lease)
  }

  async replace(
    key: string,
    modRevision: number,
    value: Buffer,
    lease?: string,
  ): Promise<WriteResult> {
    this.onCall('put', key)
    const current = this.#entries.get(key)
    if ((current?.modRevision ?? 0) !== modRevision) {
      return { ok: false, revision: this.revision, current }
    }
    return { ok: true, revision: this.#put(key, value, lease) }
  }

  async remove(key: string, modRevision: number): Promise<WriteResult> {
    this.onCall('delete', key)
    const current = this.#entries.get(key)
    if ((current?.modRevision ?? 0) !== modRevision || !current) {
      return { ok: false, revision: this.revision, current }
    }
    return { ok: true, revision: this.#delete(key) }
  }

  async putIfVersion(key: string, version: number, value: Buffer): Promise<VersionedWrite> {
    this.onCall('put', key)
    const current = this.#entries.get(key)?.version ?? 0
    if (current !== version) return { ok: false, revision: this.revision, version: current }
    return { ok: true, revision: this.#put(key, value, undefined) }
  }

  watch(prefix: string, fromRevision: number, sink: ChangeSink): ChangeStream {
    const watcher: Watcher = {
      prefix,
      sink,
      nextRevision: fromRevision,
      scheduled: false,
      closed: false,
    }
    this.#watchers.add(watcher)
    this.#schedule(watcher, false)
    return {
      requestProgress: () => this.#schedule(watcher, true),
      close: () => this.#close(watcher),
    }
  }

  async grantLease(): Promise<string> {
    return String(++this.#leases)
  }

  /** Deletes what is attached to a lease, as its expiry would. */
  expireLease(lease: string): void {
    const keys = this.#entries.valuesArray().filter((entry) => entry.lease === lease)
    for (const { key } of keys) this.#delete(key)
  }

  async compact(revision: number): Promise<void> {
    this.onCall('compact', '')
    if (revision <= this.#compactedRevision) throw compacted()
    if (revision > this.revision) throw future()
    this.#compactedRevision = revision
  }

  close(): void {
    for (const watcher of this.#watchers) this.#close(watcher)
  }

  #put(key: string, value: Buffer, lease: string | undefined): number {
    const version = (this.#entries.get(key)?.version ?? 0) + 1
    const entry: Entry = { key, value, modRevision: this.revision + 1, version, lease }
    this.#entries.set(key, entry)
    return this.#record({ type: 'put', kv: entry })
  }

  #delete(key: string): number {
    this.#entries.delete(key)
    return this.#record({ type: 'delete', key, modRevision: this.revision + 1 })
  }

  #record(change: Change): number {
    this.#history.push(change)
    for (const watcher of this.#watchers) this.#schedule(watcher, false)
    return this.revision
  }

  #entriesAt(revision: number): SortedMap<Entry> {
    const entries = sortedMap<Entry>()
    for (const change of this.#history.slice(0, revision - 1)) {
      if (change.type === 'delete') entries.delete(change.key)
      else entries.set(change.kv.key, change.kv as Entry)
    }
    return entries
  }

  /** Delivery is never inside the call that wrote. */
  #schedule(watcher: Watcher, progress: boolean): void {
    if (watcher.scheduled && !progress) return
    watcher.scheduled = true
    setImmediate(() => {
      watcher.scheduled = false
      if (!watcher.closed) this.#deliver(watcher, progress)
    })
  }

  #deliver(watcher: Watcher, progress: boolean): void {
    if (watcher.nextRevision < this.#compactedRevision) {
      this.#close(watcher)
      watcher.sink.onCompacted()
      return
    }
    const changes = this.#history
      .slice(Math.max(0, watcher.nextRevision - 2))
      .filter((change) => keyOf(change).startsWith(watcher.prefix))
    watcher.nextRevision = Math.max(watcher.nextRevision, this.revision + 1)
    if (changes.length > 0 || progress) watcher.sink.onChanges(changes, this.revision)
  }

  #close(watcher: Watcher): void {
    watcher.closed = true
    this.#watchers.delete(watcher)
  }
}

function keyOf(change: Change): string {
  return change.type === 'put' ? change.kv.key : change.key
}

function compacted(): StoreError {
  return new StoreError('compacted', 'etcdserver: mvcc: required revision has been compacted')
}

function future(): StoreError {
  return new StoreError('future', 'etcdserver: mvcc: required revision is a future revision')
}
