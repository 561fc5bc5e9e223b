import type { Message } from './message.ts'
import type { ReadState } from './read-index.ts'
import type { Entry, HardState, NodeId, Role, Snapshot } from './types.ts'

/** What is worth showing and need not survive: who leads, and what this server is. */
export interface SoftState {
  readonly leader: NodeId
  readonly role: Role
}

/**
 * The host's duties, handed out by `RawNode.ready()`. In this order, and Ready after Ready:
 *
 * 1. `messages`: send them, at any time from now on. A leader's appends travel while its own disk still writes
 *    (thesis section 10.2.1).
 * 2. `snapshot`, `entries`, `hardState`: put them on disk, in this order; sync when `mustSync`. A snapshot also
 *    replaces the state machine. Then make the Storage show them.
 * 3. `messagesAfterPersist`: send them only when step 2 is done, for this Ready and for all before it (section 3.8).
 * 4. Call `persisted(ready)`.
 * 5. `committedEntries`: apply them in order, `confChange` entries also through `applyConfChange`; call
 *    `applied(index)`. This may run beside steps 2 to 4: only entries that are on disk already are handed out.
 *
 * The next Ready may be taken before this one is persisted: that is how a host pipelines its disk.
 */
export interface Ready {
  /** Counts from 1. */
  readonly number: number
  /** Present when it changed. */
  readonly softState: SoftState | undefined
  readonly hardState: HardState | undefined
  readonly entries: readonly Entry[]
  readonly snapshot: Snapshot | undefined
  /** False when only the commit index moved: losing that costs nothing but work. */
  readonly mustSync: boolean
  readonly messages: readonly Message[]
  readonly messagesAfterPersist: readonly Message[]
  readonly committedEntries: readonly Entry[]
  /** Reads that may be answered once the state machine has applied up to their index (section 6.4). */
  readonly readStates: readonly ReadState[]
}
