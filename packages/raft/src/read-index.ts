import { jointCommitted } from './quorum/joint.ts'
import type { JointVoters } from './quorum/joint.ts'
import type { LogIndex, NodeId } from './types.ts'

/** A read may be answered from the state machine once it has applied up to `index`. */
export interface ReadState {
  /** The number that the host gave its question. */
  readonly request: number
  readonly index: LogIndex
}

/** Who asks, and under which number of its own. */
export interface ReadRequest {
  readonly from: NodeId
  readonly request: number
}

interface PendingRead extends ReadRequest {
  readonly index: LogIndex
  readonly round: number
}

/**
 * The leader's linearizable reads without log writes (thesis section 6.4). It notes its commit index, then asks all
 * servers whether it still leads; when a quorum has answered a question asked after the read came in, no other leader
 * can have committed anything that the read should see. Rounds are numbered, so an answer to a later round also
 * answers all before it, and a lost round is made good by the next heartbeat.
 */
export class ReadIndexRounds {
  /** The number of the last round; every heartbeat carries it. */
  round = 0
  /** Reads that came before the leader had committed an entry of its own term (step 1 of section 6.4). */
  #early: ReadRequest[] = []
  #pending: PendingRead[] = []
  readonly #answered = new Map<NodeId, number>()

  hold(request: ReadRequest): void {
    this.#early.push(request)
  }

  takeHeld(): ReadRequest[] {
    return this.#early.splice(0)
  }

  /** Starts a round for a read at the present commit index. */
  start(request: ReadRequest, index: LogIndex): void {
    this.round += 1
    this.#pending.push({ ...request, index, round: this.round })
  }

  /** Server `from` still followed the leader when it answered `round`; returns the reads that are safe now. */
  acknowledge(
    from: NodeId,
    round: number,
    self: NodeId,
    voters: JointVoters,
  ): (ReadRequest & { index: LogIndex })[] {
    this.#answered.set(from, Math.max(round, this.#answered.get(from) ?? 0))
    if (this.#pending.length === 0) return []
    const confirmed = jointCommitted(voters, (id) =>
      id === self ? this.round : (this.#answered.get(id) ?? 0),
    )
    const waiting = this.#pending.findIndex((read) => read.round > confirmed)
    return this.#pending.splice(0, waiting < 0 ? this.#pending.length : waiting)
  }
}
