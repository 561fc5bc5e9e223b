import { assert } from '@kemu/base'
import type { Random } from '@kemu/base'
import type { DeliberateBug } from './deliberate-bug.ts'
import type { Storage } from './log/storage.ts'
import type { LogIndex, NodeId } from './types.ts'

/** What a server needs to know. Ticks are the host's: it calls `tick()` in a steady rhythm, etcd every 100 ms. */
export interface Config {
  readonly id: NodeId
  readonly storage: Storage
  /** The last index that the host's state machine holds already. */
  readonly applied?: LogIndex
  /**
   * Ticks without a word from the leader before an election; each server waits a random time from this to twice this,
   * so that votes seldom split (section 3.4). About ten heartbeats.
   */
  readonly electionTicks: number
  /** Ticks between a leader's heartbeats. */
  readonly heartbeatTicks: number
  readonly random: Random
  /** Entry data in one append, in bytes. Larger catches up faster, smaller recovers faster from a lost message. */
  readonly maxMessageBytes?: number
  /** Appends to one follower that may be unacknowledged (section 10.2.2). */
  readonly maxInflightMessages?: number
  readonly maxInflightBytes?: number
  /** Entry data that the leader takes before it is committed; more is refused with `tooMuchUncommitted`. */
  readonly maxUncommittedBytes?: number
  /** Entry data handed out to apply in one Ready. */
  readonly maxCommittedBytes?: number
  /** Ask whether an election could be won before a term is spent on it (section 9.6). On by default. */
  readonly preVote?: boolean
  /** A leader that does not hear from a quorum steps down (section 6.2). On by default. */
  readonly checkQuorum?: boolean
  /**
   * `safe`: each round of reads asks a quorum (section 6.4). `lease`: a leader that heard from a quorum within the
   * election timeout reads at once (section 6.4.1); it trusts the clocks' pace and needs `checkQuorum`.
   */
  readonly reads?: 'safe' | 'lease'
  readonly deliberateBug?: DeliberateBug
}

export interface Settings extends Required<Omit<Config, 'deliberateBug'>> {
  readonly deliberateBug: DeliberateBug | undefined
}

export function settingsOf(config: Config): Settings {
  const settings: Settings = {
    applied: 0,
    // etcd: maxSizePerMsg and maxInflightMsgs in server/etcdserver/raft.go
    maxMessageBytes: 1 << 20,
    maxInflightMessages: 512,
    maxInflightBytes: Number.POSITIVE_INFINITY,
    maxUncommittedBytes: 1 << 30,
    maxCommittedBytes: 64 << 20,
    preVote: true,
    checkQuorum: true,
    reads: 'safe',
    deliberateBug: undefined,
    ...config,
  }
  assert(settings.id !== '', 'a server has a name')
  assert(settings.heartbeatTicks > 0, 'heartbeatTicks is positive')
  assert(settings.electionTicks > settings.heartbeatTicks, 'elections are rarer than heartbeats')
  assert(settings.reads === 'safe' || settings.checkQuorum, 'lease reads need checkQuorum')
  return settings
}
