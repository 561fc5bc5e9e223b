import type { KubeList, KubeObject } from '@kemu/api'

/** Where a resource or an object lives; '' for what does not apply. */
export interface ResourcePath {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly namespace: string
  readonly name: string
  readonly subresource: string
}

export interface ListOptions {
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
  readonly limit?: number
  readonly continue?: string
}

export interface WatchOptions extends ListOptions {
  readonly allowBookmarks?: boolean
  readonly sendInitialEvents?: boolean
  readonly timeoutSeconds?: number
}

export interface WriteOptions {
  readonly dryRun?: boolean
  readonly fieldManager?: string
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict'
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

export interface PatchOptions extends WriteOptions {
  readonly force?: boolean
}

/** meta/v1 DeleteOptions, as far as components use it. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: boolean
}

export type WatchEvent<T = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: T }

/**
 * The one seam between components and an API server. Implementations: gRPC (ours), REST (ours or a real one), memory
 * (tests). One contract suite holds for all (transport.contract.ts).
 *
 * Every refusal of the API rejects with a StatusError. A server that cannot be reached rejects with a ConnectionError.
 * Objects that come back are fresh: the caller owns them.
 */
export interface Transport {
  get(path: ResourcePath, resourceVersion?: string): Promise<KubeObject>
  list(path: ResourcePath, options?: ListOptions): Promise<KubeList<KubeObject>>
  /**
   * Batches of events, oldest first, until the server ends the watch (the iteration returns) or refuses it (it throws;
   * a StatusError with reason Expired means: list again). An aborted signal ends the iteration quietly.
   */
  watch(path: ResourcePath, options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent[]>
  create(path: ResourcePath, object: object, options?: WriteOptions): Promise<KubeObject>
  update(path: ResourcePath, object: object, options?: WriteOptions): Promise<KubeObject>
  patch(
    path: ResourcePath,
    type: PatchType,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<KubeObject>
  /** Gives the object as it was or as it is while it still terminates, or a Status. */
  delete(path: ResourcePath, options?: DeleteOptions): Promise<KubeObject>
  deleteCollection(path: ResourcePath, list: ListOptions, options?: DeleteOptions): Promise<void>
  close(): void
}

/** The server was not reached, or the connection broke before its answer. The request may have taken effect. */
export class ConnectionError extends Error {
  override name = 'ConnectionError'
}
