import { allVoters, isVoter } from '../quorum/joint.ts'
import type { JointVoters } from '../quorum/joint.ts'
import type { ConfState, NodeId } from '../types.ts'

/** A cluster's members as raft works with them; `ConfState` is the same thing as it is stored. */
export interface TrackerConfig {
  readonly voters: JointVoters
  readonly learners: ReadonlySet<NodeId>
  /** Outgoing voters that become learners when the joint configuration is left (section 4.3). */
  readonly learnersNext: ReadonlySet<NodeId>
  readonly autoLeave: boolean
}

export const emptyConfig: TrackerConfig = {
  voters: { incoming: new Set(), outgoing: new Set() },
  learners: new Set(),
  learnersNext: new Set(),
  autoLeave: false,
}

export function isJoint(config: TrackerConfig): boolean {
  return config.voters.outgoing.size > 0
}

export function isMember(config: TrackerConfig, id: NodeId): boolean {
  return isVoter(config.voters, id) || config.learners.has(id)
}

export function allMembers(config: TrackerConfig): NodeId[] {
  return [...new Set([...allVoters(config.voters), ...config.learners])].sort()
}

/** True when this server is the only one whose word counts. */
export function isOnlyVoter(config: TrackerConfig, id: NodeId): boolean {
  const { incoming, outgoing } = config.voters
  return incoming.size === 1 && incoming.has(id) && outgoing.size === 0
}

export function toConfState(config: TrackerConfig): ConfState {
  return {
    voters: [...config.voters.incoming].sort(),
    votersOutgoing: [...config.voters.outgoing].sort(),
    learners: [...config.learners].sort(),
    learnersNext: [...config.learnersNext].sort(),
    autoLeave: config.autoLeave,
  }
}
