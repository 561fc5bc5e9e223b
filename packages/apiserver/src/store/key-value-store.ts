/**
 * The storage seam: the few things that an API server asks of etcd. Implementations: etcd over gRPC
 * (ours or the real
 * one), memory (tests). One contract suite holds for both (key-value-store.contract.ts).
 *
 * Every write is one transaction on one key, so that what was acknowledged is what was compared.
 * Revisions are the
 * store's own: one counter for all keys, never going back.
 */
export interface KeyValueStore {
  /** Linearizable: sees every write that was acknowledged before the call. */
  get(key: string): Promise<{ kv: KeyValue | undefined; revision: number }>
  /** Keys in order. Without a revision linearizable; with one, the state as of that revision. */
  range(query: RangeQuery): Promise<RangeResult>
  /** Writes only if the key does not exist. */
  create(key: string, value: Buffer, lease?: string): Promise<WriteResult>
  /** Writes only if the key was last changed at `modRevision`; 0 means that it must not exist. */
  replace(key: string, modRevision: number, value: Buffer, lease?: string): Promise<WriteResult>
  /** Deletes only if the key was last changed at `modRevision`. */
  remove(key: string, modRevision: number): Promise<WriteResult>
  /**
   * Writes only if the key has this version (the number of writes since its creation; 0: absent).
   */
  putIfVersion(key: string, version: number, value: Buffer): Promise<VersionedWrite>
  /**
   * Changes below the prefix from `fromRevision` on, each exactly once and in order, until closed.
   * Broken
   * connections are mended inside; only compaction can end it (`onCompacted`, once).
   */
  watch(prefix: string, fromRevision: number, sink: ChangeSink): ChangeStream
  /** A lease that expires after these seconds unless it is kept alive; its id. */
  grantLease(ttlSeconds: number): Promise<string>
  /** Forgets the history before the revision. */
  compact(revision: number): Promise<void>
  close(): void
}

export interface KeyValue {
  readonly key: string
  readonly value: Buffer
  readonly modRevision: number
}

export interface RangeQuery {
  /** All keys that start with it. */
  readonly prefix: string
  /** First key to give; everything below the prefix if absent. */
  readonly startKey?: string
  readonly limit?: number
  readonly revision?: number
  /** Gives no values, for asking the revision or the count. */
  readonly countOnly?: boolean
}

export interface RangeResult {
  readonly kvs: readonly KeyValue[]
  /** How many keys there are from the start key on, those not given included. */
  readonly count: number
  /** The store's revision when it answered. */
  readonly revision: number
}

export type WriteResult =
  | { readonly ok: true; readonly revision: number }
  /** The comparison failed; `current` is what is there. */
  | { readonly ok: false; readonly revision: number; readonly current: KeyValue | undefined }

export type VersionedWrite =
  | { readonly ok: true; readonly revision: number }
  | { readonly ok: false; readonly revision: number; readonly version: number }

export type Change =
  | { readonly type: 'put'; readonly kv: KeyValue }
  | { readonly type: 'delete'; readonly key: string; readonly modRevision: number }

export interface ChangeSink {
  /**
   * `revision`: everything up to it has been given, this batch included. No changes means progress
   * only.
   */
  onChanges(changes: readonly Change[], revision: number): void
  /** The history from the asked revision on is gone; the stream is closed. */
  onCompacted(): void
}

export interface ChangeStream {
  /**
   * Asks for a call of `onChanges` with the store's revision, once all changes before it were
   * given. etcd ignores it
   * while the stream still catches up with the past, so who waits asks again.
   */
  requestProgress(): void
  close(): void
}

/** The key after all keys that start with the prefix (clientv3.GetPrefixRangeEnd). */
export function prefixEnd(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1)
  return prefix.slice(0, -1) + String.fromCharCode(last + 1)
}
