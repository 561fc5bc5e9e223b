import { assert } from '@kemu/base'
import { encodeConfChange } from './confchange/conf-change.ts'
import type { ConfChange } from './confchange/conf-change.ts'
import { settingsOf } from './config.ts'
import type { Config } from './config.ts'
import { startElection } from './election.ts'
import { applyConfChange } from './membership.ts'
import type { Message } from './message.ts'
import { maybeLeaveJoint, proposeEntries, refuseConfChange } from './proposal.ts'
import type { ProposeResult } from './proposal.ts'
import { Raft } from './raft.ts'
import { dataBytes } from './replication.ts'
import type { Ready, SoftState } from './ready.ts'
import { statusOf } from './status.ts'
import type { Status } from './status.ts'
import { step, tick } from './step.ts'
import { nobody } from './types.ts'
import type { ConfState, Entry, HardState, LogIndex, NodeId, Proposal, Term } from './types.ts'

/** A Ready that was handed out and is not known to be on disk. */
interface Persisting {
  readonly ready: Ready
  readonly toSelf: readonly Message[]
  /** The term in which it was handed out. */
  readonly term: Term
  /** The last entry that it and the Readys before it write. */
  readonly lastWritten: Entry | undefined
}

/**
 * A server as its host drives it: `tick` for time, `step` for mail, `propose` and `readIndex` for clients, `ready` for
 * what is to be done (the duties are listed there), `persisted` and `applied` when it is done. Not one of them waits:
 * no I/O, no clock, no Promise.
 */
export class RawNode {
  readonly #raft: Raft
  #handedOut = 0
  #softState: SoftState
  #hardState: HardState
  /** Ready after Ready that the host has not persisted yet. */
  #persisting: Persisting[] = []

  constructor(config: Config) {
    this.#raft = new Raft(settingsOf(config))
    this.#softState = softStateOf(this.#raft)
    this.#hardState = this.#raft.hardState()
  }

  get id(): NodeId {
    return this.#raft.id
  }

  /** Where this server's log ends, on disk or not. */
  get lastIndex(): LogIndex {
    return this.#raft.log.lastIndex()
  }

  /** One unit of the host's time has passed. */
  tick(): void {
    tick(this.#raft)
  }

  /** A message from another server. Order, losses and repetitions do not matter, except that a forwarded `propose`
   * that comes twice is proposed twice. */
  step(message: Message): void {
    assert(message.to === this.#raft.id, `mail for ${message.to} came to ${this.#raft.id}`)
    step(this.#raft, message)
  }

  /** Starts an election now: a cluster of one need not wait, and an operator may wish it. */
  campaign(): void {
    startElection(this.#raft)
  }

  /** Offers data to the log, here or at the leader. Many at once cost little more than one. */
  propose(data: readonly Uint8Array[]): ProposeResult {
    return this.#propose(data.map((bytes) => ({ type: 'normal', data: bytes })))
  }

  /** Offers a change of the members; the reason when the leader, if it is here, knows that it cannot be made now. */
  proposeConfChange(change: ConfChange): ProposeResult | { readonly refused: string } {
    if (this.#raft.role === 'leader') {
      const refused = refuseConfChange(this.#raft, change)
      if (refused !== undefined) return { refused }
    }
    return this.#propose([{ type: 'confChange', data: encodeConfChange(change) }])
  }

  /** Call it for each committed `confChange` entry before `applied`; returns the members from now on. */
  applyConfChange(change: ConfChange): ConfState {
    return applyConfChange(this.#raft, change)
  }

  /**
   * Asks for an index at which state may be read with linearizability (thesis section 6.4); the answer comes as a
   * ReadState with this number, or never, when a message is lost: ask again. False when there is no leader to ask.
   */
  readIndex(request: number): boolean {
    const { id, leader } = this.#raft
    if (leader === nobody) return false
    step(this.#raft, { type: 'readIndex', from: id, to: id, term: 0, request })
    return true
  }

  /** Asks the leader to hand over (section 3.10). It may not come true; watch who leads. */
  transferLeader(transferee: NodeId): void {
    const { id } = this.#raft
    step(this.#raft, { type: 'transferLeader', from: id, to: id, term: 0, transferee })
  }

  /** The transport could not reach this server; the leader stops sending ahead of the acknowledgements. */
  reportUnreachable(id: NodeId): void {
    const progress = this.#leaderProgress(id)
    if (progress?.state === 'replicate') progress.becomeProbe()
  }

  /** The snapshot for this server was delivered, or was not. Must be called, else it gets nothing more. */
  reportSnapshot(id: NodeId, delivered: boolean): void {
    const progress = this.#leaderProgress(id)
    if (progress?.state !== 'snapshot') return
    if (!delivered) progress.pendingSnapshot = 0
    progress.becomeProbe()
    // Wait for its answer, or for the next heartbeat's.
    progress.probeSent = true
  }

  hasReady(): boolean {
    const raft = this.#raft
    return (
      raft.outbox.length > 0 ||
      raft.durableOutbox.length > 0 ||
      raft.readStates.length > 0 ||
      raft.log.unstable.offsetInProgress <
        raft.log.unstable.offset + raft.log.unstable.entries.length ||
      raft.log.unstable.nextSnapshot() !== undefined ||
      raft.log.hasCommittedEntries() ||
      !isSameHardState(raft.hardState(), this.#hardState) ||
      !isSameSoftState(raft, this.#softState)
    )
  }

  /** What the host has to do now. Whatever is handed out counts as being done. */
  ready(): Ready {
    const raft = this.#raft
    const { unstable } = raft.log
    const hardState = raft.hardState()
    const entries = unstable.nextEntries()
    const snapshot = unstable.nextSnapshot()
    const committedEntries = raft.log.nextCommittedEntries(raft.settings.maxCommittedBytes)
    const isVoteNews =
      hardState.term !== this.#hardState.term || hardState.vote !== this.#hardState.vote
    const ready: Ready = {
      number: (this.#handedOut += 1),
      softState: isSameSoftState(raft, this.#softState) ? undefined : softStateOf(raft),
      hardState: isSameHardState(hardState, this.#hardState) ? undefined : hardState,
      entries,
      snapshot,
      mustSync: entries.length > 0 || snapshot !== undefined || isVoteNews,
      messages: raft.outbox,
      messagesAfterPersist: raft.durableOutbox.filter((message) => message.to !== raft.id),
      committedEntries,
      readStates: raft.readStates,
    }
    this.#accept(ready, hardState)
    return ready
  }

  /** This Ready, and all before it, is on disk and shows in the Storage; a snapshot is also in the state machine. */
  persisted(ready: Ready): void {
    while (this.#persisting.length > 0 && this.#persisting[0]!.ready.number <= ready.number) {
      const done = this.#persisting.shift()!
      this.#settle(done)
      for (const message of done.toSelf) step(this.#raft, message)
    }
  }

  /** The state machine holds everything up to `index`. */
  applied(index: LogIndex): void {
    this.#raft.log.appliedTo(index)
    maybeLeaveJoint(this.#raft)
  }

  status(): Status {
    return statusOf(this.#raft)
  }

  /** The term of an entry of this server's log, on disk or not; undefined outside of it. */
  termAt(index: LogIndex): Term | undefined {
    return this.#raft.log.term(index)
  }

  #propose(proposals: readonly Proposal[]): ProposeResult {
    const raft = this.#raft
    if (raft.role === 'leader') return proposeEntries(raft, proposals)
    if (raft.leader === nobody) return 'noLeader'
    step(raft, { type: 'propose', from: raft.id, to: raft.id, term: 0, proposals })
    return 'accepted'
  }

  #accept(ready: Ready, hardState: HardState): void {
    const raft = this.#raft
    const toSelf = raft.durableOutbox.filter((message) => message.to === raft.id)
    this.#softState = softStateOf(raft)
    this.#hardState = hardState
    raft.outbox = []
    raft.durableOutbox = []
    raft.readStates = []
    raft.log.unstable.accept()
    const { term } = raft
    this.#persisting.push({ ready, toSelf, term, lastWritten: raft.log.unstable.entries.at(-1) })
    const last = ready.committedEntries.at(-1)
    if (!last) return
    raft.log.acceptApplying(last.index)
    raft.uncommittedBytes = Math.max(0, raft.uncommittedBytes - dataBytes(ready.committedEntries))
  }

  #settle({ ready: { snapshot }, term, lastWritten }: Persisting): void {
    const { log, term: currentTerm } = this.#raft
    if (snapshot) {
      log.unstable.stableSnapshotTo(snapshot.metadata.index)
      log.appliedTo(snapshot.metadata.index)
    }
    // Since an earlier term one leader may have replaced these entries and another put them back: index and term are
    // the same, yet a later write takes them off the disk. The Ready that brought the later term speaks for them.
    const isOfThisTerm =
      term === currentTerm || this.#raft.settings.deliberateBug === 'trusts-writes-of-earlier-terms'
    if (lastWritten && isOfThisTerm) log.unstable.stableTo(lastWritten.index, lastWritten.term)
  }

  #leaderProgress(id: NodeId) {
    return this.#raft.role === 'leader' ? this.#raft.tracker.progress.get(id) : undefined
  }
}

function softStateOf({ leader, role }: Raft): SoftState {
  return { leader, role }
}

function isSameSoftState(raft: Raft, { leader, role }: SoftState): boolean {
  return raft.leader === leader && raft.role === role
}

function isSameHardState(a: HardState, b: HardState): boolean {
  return a.term === b.term && a.vote === b.vote && a.commit === b.commit
}
