/** Where a connection is sent. */
export interface Place {
  readonly address: string
  readonly port: number
}

/** Decides to whom a client's connection goes, and to whom next when that one fails. */
export interface PlaceChooser {
  /** Whether this client may come in at all. */
  admits(client: string): boolean
  /** A place that was not tried yet; undefined when none is left. */
  choose(client: string, tried: readonly Place[]): Place | undefined
  /** The client was connected to it. */
  connected(client: string, place: Place): void
  /** Calls once when it is worth to try again after all places failed; the answer takes the call back. */
  onceChanged(wake: () => void): () => void
}
