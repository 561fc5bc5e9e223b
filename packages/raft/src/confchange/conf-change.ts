import type { NodeId } from '../types.ts'

export type ConfChangeKind = 'addVoter' | 'addLearner' | 'remove'

export interface ConfChangeStep {
  readonly kind: ConfChangeKind
  readonly node: NodeId
}

/**
 * A change of the members. One step that moves at most one voter is done at once (thesis section 4.1); more than that
 * goes through a joint configuration (section 4.3).
 */
export interface ConfChange {
  /** Empty: leave the joint configuration. */
  readonly steps: readonly ConfChangeStep[]
  /**
   * `auto`: joint only when needed, left by the leader itself. `jointImplicit`: joint in any case, left by the leader
   * itself. `jointExplicit`: joint, and an empty change must be proposed to leave it.
   */
  readonly transition: 'auto' | 'jointImplicit' | 'jointExplicit'
  /** The host's own, for instance the new member's addresses. */
  readonly context: string
}

export function confChange(kind: ConfChangeKind, node: NodeId, context = ''): ConfChange {
  return { steps: [{ kind, node }], transition: 'auto', context }
}

export const leaveJointChange: ConfChange = { steps: [], transition: 'auto', context: '' }

/** As the data of a log entry: JSON, because changes are rare and a person may want to read a log. */
export function encodeConfChange(change: ConfChange): Uint8Array {
  return Buffer.from(JSON.stringify(change))
}

export function decodeConfChange(data: Uint8Array): ConfChange {
  return JSON.parse(Buffer.from(data).toString()) as ConfChange
}
