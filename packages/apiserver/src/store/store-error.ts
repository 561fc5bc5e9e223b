/** Why the store refused or failed. */
export type StoreFault =
  /** The revision asked for has been compacted. */
  | 'compacted'
  /** The revision asked for has not happened yet. */
  | 'future'
  /** The request is larger than the store takes. */
  | 'tooLarge'
  /** The store's quota is used up. */
  | 'noSpace'
  /** Not reached, or no leader, or no answer in time. A write may have taken effect. */
  | 'unavailable'
  | 'other'

/** A call to the store that did not work. */
export class StoreError extends Error {
  override name = 'StoreError'
  readonly fault: StoreFault

  constructor(fault: StoreFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

export function isStoreError(error: unknown, fault?: StoreFault): error is StoreError {
  return error instanceof StoreError && (fault === undefined || error.fault === fault)
}
