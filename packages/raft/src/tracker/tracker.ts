import { jointCommitted, jointVote } from '../quorum/joint.ts'
import type { VoteResult } from '../quorum/majority.ts'
import type { LogIndex, NodeId } from '../types.ts'
import { allMembers, emptyConfig, isMember } from './config.ts'
import type { TrackerConfig } from './config.ts'
import { Inflights } from './inflights.ts'
import { Progress } from './progress.ts'

export interface WindowConfig {
  /** Appends under way to one follower. */
  readonly maxInflightMessages: number
  readonly maxInflightBytes: number
}

/** The members as the leader sees them: the configuration, the progress of each, and the votes of an election. */
export class Tracker {
  config: TrackerConfig = emptyConfig
  /** One for each member, in the order of their names, so that traces repeat. */
  progress = new Map<NodeId, Progress>()
  votes = new Map<NodeId, boolean>()
  readonly #window: WindowConfig

  constructor(window: WindowConfig) {
    this.#window = window
  }

  newProgress(match: LogIndex, next: LogIndex, isLearner: boolean): Progress {
    const { maxInflightMessages, maxInflightBytes } = this.#window
    return new Progress(
      match,
      next,
      new Inflights(maxInflightMessages, maxInflightBytes),
      isLearner,
    )
  }

  /** Takes a new configuration over: members that stay keep their progress, new ones start at `next`. */
  switchTo(config: TrackerConfig, next: LogIndex): void {
    const old = this.progress
    this.config = config
    this.progress = new Map()
    for (const id of allMembers(config)) {
      const isLearner = config.learners.has(id)
      const progress = old.get(id) ?? this.#newcomer(next, isLearner)
      progress.isLearner = isLearner
      this.progress.set(id, progress)
    }
  }

  /** The highest index that is on the disks of a quorum. */
  committed(): LogIndex {
    return jointCommitted(this.config.voters, (id) => this.progress.get(id)?.match ?? 0)
  }

  resetVotes(): void {
    this.votes = new Map()
  }

  /** A server's first answer counts; it has one vote in a term. */
  recordVote(id: NodeId, granted: boolean): void {
    if (!this.votes.has(id)) this.votes.set(id, granted)
  }

  voteResult(): VoteResult {
    return jointVote(this.config.voters, this.votes)
  }

  /** Has the leader heard from a quorum since the last check? (section 6.2) */
  quorumActive(): boolean {
    const active = new Map<NodeId, boolean>()
    for (const [id, progress] of this.progress) {
      if (!progress.isLearner) active.set(id, progress.recentActive)
    }
    return jointVote(this.config.voters, active) === 'won'
  }

  isMember(id: NodeId): boolean {
    return isMember(this.config, id)
  }

  #newcomer(next: LogIndex, isLearner: boolean): Progress {
    const progress = this.newProgress(0, next, isLearner)
    // Counted as heard from, else adding a member could make the leader step down before it could answer.
    progress.recentActive = true
    return progress
  }
}
