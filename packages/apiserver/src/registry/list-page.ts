import type { StoredObject } from '../cache/stored-object.ts'

/** One answer to a list: all of it, or a page of at most `limit` objects. */
export interface ListPage {
  readonly items: readonly StoredObject[]
  readonly resourceVersion: string
  /** '' when the list is complete. */
  readonly continue: string
  readonly remainingItemCount: number | undefined
}
