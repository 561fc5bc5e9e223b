import { assert, sleep } from '@kemu/base'
import type { Clock, Logger } from '@kemu/base'
import { decodeConfChange, nobody } from '@kemu/raft'
import type { ConfChange, ConfState, Entry, SnapshotMetadata, SoftState } from '@kemu/raft'
import { AlarmRequestAlarmAction, AlarmType } from '@kemu/rpc/etcd-codec'
import type { ResponseHeader } from '@kemu/rpc/etcd-codec'
import { decodeMessage } from '@kemu/rpc/protobuf'
import type { Init } from '@kemu/rpc/protobuf'
import { LogRequest } from '@kemu/rpc/raft-codec'
import { nobodyKnown } from '../auth/auth-store.ts'
import { memberIdOfNode, nodeIdOf } from '../cluster/member-id.ts'
import { etcdError } from '../errors.ts'
import { GrpcError } from '../grpc/status.ts'
import type { LogStorage } from '../host/log-storage.ts'
import type { LogConsumer, RaftHost } from '../host/raft-host.ts'
import type { ReadDone } from '../host/read-queue.ts'
import { WatchHub } from '../mvcc/watch-hub.ts'
import type { StateMachine } from '../state/state-machine.ts'
import { checkChange, noteChange, parseContext } from './change-context.ts'
import type { ChangeContext } from './change-context.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import { encodeRequest, wrapRequest } from './log-request.ts'
import type { RawKind } from './log-request.ts'
import { PendingRequests } from './pending-requests.ts'
import type { Done } from './pending-requests.ts'
import type { SnapshotKeeper } from './snapshot-keeper.ts'

export interface MemberDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly memberId: bigint
  readonly clusterId: bigint
  /** It was added as a learner, whatever its log knows so far. */
  readonly joinsAsLearner: boolean
  /** The state up to `metadata`, and where it stands. */
  readonly state: StateMachine
  readonly metadata: SnapshotMetadata
  readonly storage: LogStorage
  readonly keeper: SnapshotKeeper
  readonly config: MemberConfig
  /** A leader's snapshot as a state of its own. */
  readonly loadState: (metadata: SnapshotMetadata) => StateMachine
}

export interface MemberConfig {
  readonly requestTimeoutMs: number
  readonly tickMs: number
  /** Versions in all, in bytes; past it the NOSPACE alarm is raised. */
  readonly quotaBytes: number
  readonly electionMs: number
  readonly firstSequence: number
  readonly learnersMax: number
}

/** Proposals are refused when so many committed entries wait to be applied; etcd: maxGapBetweenApplyAndCommitIndex. */
const pendingRequestsMax = 20_000
const handOverPollMs = 5

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Who wants to hear when this member gains or loses sight of a leader. */
export type LeaderListener = (hasLeader: boolean) => void

/**
 * One member of the store: takes requests to the log, applies what comes back, and answers whom it belongs to. The
 * services of the API are thin doors to it.
 */
export class Member implements LogConsumer {
  readonly #deps: MemberDeps
  readonly #pending: PendingRequests
  readonly #leaderListeners = new Set<LeaderListener>()
  readonly hub: WatchHub
  #state: StateMachine
  #host: RaftHost | undefined
  #confState: ConfState
  #applied: { index: number; term: number }
  #leader: string = nobody
  #lastLeader: string = nobody
  /** Leaders seen since this process began. */
  leaderChanges = 0
  #isLeader = false
  #term = 0
  /** In which this member began to lead: it may have lost the lead and not have been told yet. */
  #leaderTerm = 0
  /** They wait for the alarm that is being raised. */
  #refusals: (() => void)[] = []
  readonly #leases: LeaseKeeper
  onRemoved: () => void = () => {}
  onMembersChanged: () => void = () => {}

  constructor(deps: MemberDeps) {
    this.#deps = deps
    this.#state = deps.state
    this.#confState = deps.metadata.confState
    this.#applied = { index: deps.metadata.index, term: deps.metadata.term }
    const { requestTimeoutMs, tickMs, firstSequence } = deps.config
    this.#pending = new PendingRequests(Math.ceil(requestTimeoutMs / tickMs), firstSequence)
    this.hub = new WatchHub(this.#state.store)
    this.#leases = new LeaseKeeper({
      logger: deps.logger,
      // As entries of this leader's own term: a later one has given leases their time again, and may have renewed
      // them, when such a request gets to it late.
      submit: (request, done, identity) =>
        this.submit({ ...request, leaderTerm: this.#leaderTerm }, done, identity),
    })
  }

  attach(host: RaftHost): void {
    this.#host = host
    this.#term = host.status().term
  }

  get id(): bigint {
    return this.#deps.memberId
  }

  get clusterId(): bigint {
    return this.#deps.clusterId
  }

  get state(): StateMachine {
    return this.#state
  }

  get host(): RaftHost {
    assert(this.#host, 'a member is attached to its host before it is used')
    return this.#host
  }

  get isLeader(): boolean {
    return this.#isLeader
  }

  /** 0: none is known. */
  get leaderId(): bigint {
    return memberIdOfNode(this.#leader)
  }

  get hasLeader(): boolean {
    return this.#leader !== nobody
  }

  get term(): number {
    return this.#term
  }

  get pendingCount(): number {
    return this.#pending.count
  }

  get failedCount(): number {
    return this.#pending.failedCount
  }

  /** The point of the log that the state shows. */
  get appliedPoint(): SnapshotMetadata {
    return { ...this.#applied, confState: this.#confState }
  }

  get isLearner(): boolean {
    const { learners, voters } = this.#confState
    const own = nodeIdOf(this.id)
    return learners.includes(own) || (this.#deps.joinsAsLearner && !voters.includes(own))
  }

  header(revision = this.#state.store.revision): Init<ResponseHeader> {
    return { clusterId: this.clusterId, memberId: this.id, revision, raftTerm: this.#term }
  }

  /** A request of a client, with the bytes that it came in. */
  submitRaw(
    kind: RawKind,
    request: Init<LogRequest>,
    bytes: Uint8Array,
    done: Done,
    identity = nobodyKnown,
  ): void {
    if (this.#isOverloaded(done)) return
    if (kind !== 'deleteRange' && this.#isOverQuota(bytes.length, done)) return
    const sequence = this.#pending.nextSequence()
    const { user, authRevision } = identity
    const origin = { memberId: this.id, sequence, user, authRevision }
    // The request is this call's own; a copy for each put would cost as much as applying it.
    const own = request as Mutable<LogRequest>
    own.user = user
    own.authRevision = authRevision
    this.#propose(sequence, wrapRequest(origin, kind, bytes), own, done)
  }

  /** A request that this member makes, or has changed. */
  submit(request: Init<LogRequest>, done: Done, identity = nobodyKnown): void {
    if (this.#isOverloaded(done)) return
    const sequence = this.#pending.nextSequence()
    const data = encodeRequest({ memberId: this.id, sequence, ...identity }, request)
    this.#propose(sequence, data, decodeMessage(LogRequest, Buffer.from(data)), done)
  }

  submitted(request: Init<LogRequest>, identity = nobodyKnown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.submit(
        request,
        (error, response) => (error ? reject(error) : resolve(response)),
        identity,
      )
    })
  }

  /** Calls back when the state may be read as it is now, cluster-wide. */
  read(done: ReadDone): void {
    this.host.read(done)
  }

  whenReadable(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.read((error) => (error ? reject(error) : resolve()))
    })
  }

  /** Takes a change of the members through the log; rejects with the refusal. */
  changeMembers(change: ConfChange, context: ChangeContext): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const sequence = this.#pending.nextSequence()
      const proposer = nodeIdOf(this.id)
      const text = JSON.stringify({ ...context, proposer, sequence })
      const done: Done = (error, response) => (error ? reject(error) : resolve(response))
      this.#pending.add(sequence, new Uint8Array(), undefined, done)
      const result = this.host.proposeConfChange({ ...change, context: text })
      if (result === 'accepted') return
      this.#pending.takeBySequence(sequence)
      const name = result === 'noLeader' ? 'noLeader' : 'unhealthy'
      reject(etcdError(name))
    })
  }

  onLeader(listener: LeaderListener): () => void {
    this.#leaderListeners.add(listener)
    return () => this.#leaderListeners.delete(listener)
  }

  apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#applied = { index: entry.index, term: entry.term }
      if (entry.type === 'confChange') this.#applyConfChange(entry)
      else if (entry.data.length > 0) this.#applyRequest(entry)
    }
    this.hub.publish(this.#state.store.takeChanges())
    this.#deps.keeper.onApplied(this.#applied.index, entries)
  }

  install(metadata: SnapshotMetadata): void {
    this.#state = this.#deps.loadState(metadata)
    this.#confState = metadata.confState
    this.#applied = { index: metadata.index, term: metadata.term }
    this.hub.reset(this.#state.store)
    this.onMembersChanged()
  }

  onSoftState({ leader, role }: SoftState): void {
    const { logger, config } = this.#deps
    const hadLeader = this.hasLeader
    const wasLeader = this.#isLeader
    if (leader !== nobody && leader !== this.#lastLeader) this.leaderChanges += 1
    if (leader !== nobody) this.#lastLeader = leader
    this.#leader = leader
    this.#isLeader = role === 'leader'
    this.#term = this.host.status().term
    logger.info('Raft state changed', { role, leader, term: this.#term })
    if (this.#isLeader && !wasLeader) {
      this.#leaderTerm = this.#term
      this.#state.lessor.promote(config.electionMs)
    }
    if (!this.#isLeader && wasLeader) this.#state.lessor.demote()
    if (hadLeader !== this.hasLeader) {
      for (const listener of Array.from(this.#leaderListeners)) listener(this.hasLeader)
    }
  }

  onTicks(ticks: number): void {
    this.#term = this.host.status().term
    this.#pending.pass(ticks, (data) => this.host.withdraw(data))
    if (this.#isLeader) this.#leases.onTick(this.#state)
  }

  /** Before an orderly end: lets another member lead, so that nobody has to wait for an election. */
  async handOver(isConnected: (id: bigint) => boolean): Promise<void> {
    const { followers, transferee } = this.host.status()
    const candidates = [...followers]
      .filter(([id, { isLearner }]) => !isLearner && id !== nodeIdOf(this.id))
      .filter(([id]) => isConnected(memberIdOfNode(id)))
      .sort(([, a], [, b]) => b.match - a.match)
    const [best] = candidates
    if (!this.#isLeader || !best || transferee !== nobody) return
    this.host.transferLeader(best[0])
    const { clock, config } = this.#deps
    for (let waited = 0; this.#isLeader && waited < config.electionMs; waited += handOverPollMs) {
      await sleep(clock, handOverPollMs)
    }
  }

  stop(): void {
    this.#pending.failAll(etcdError('stopped'))
  }

  #propose(sequence: number, data: Uint8Array, request: LogRequest, done: Done): void {
    this.#pending.add(sequence, data, request, done)
    this.host.propose(data, () => {
      this.#pending.takeByData(data)?.done(etcdError('tooManyRequests'))
    })
  }

  #isOverloaded(done: Done): boolean {
    if (this.host.isDiskFull) {
      done(etcdError('noSpace'))
      return true
    }
    if (this.#pending.count < pendingRequestsMax) return false
    done(etcdError('tooManyRequests'))
    return true
  }

  #isOverQuota(bytes: number, done: Done): boolean {
    if (this.#state.bytes + bytes <= this.#deps.config.quotaBytes) return false
    this.#raiseNoSpace(() => done(etcdError('noSpace')))
    return true
  }

  /** Whoever is refused for want of space finds the alarm when he asks for it: quotaAlarmer.check. */
  #raiseNoSpace(refuse: () => void): void {
    if (this.#state.alarms.isRaised(this.id, AlarmType.NOSPACE)) return refuse()
    this.#refusals.push(refuse)
    if (this.#refusals.length > 1) return
    this.#deps.logger.warn('Database space exceeded; raising the NOSPACE alarm', {
      bytes: this.#state.bytes,
      quotaBytes: this.#deps.config.quotaBytes,
    })
    const alarm = {
      action: AlarmRequestAlarmAction.ACTIVATE,
      memberID: this.id,
      alarm: AlarmType.NOSPACE,
    }
    this.submit({ alarm }, () => {
      const refusals = this.#refusals
      this.#refusals = []
      for (const refusal of refusals) refusal()
    })
  }

  #applyRequest({ data, term }: Entry): void {
    const own = this.#pending.takeByData(data)
    if (own?.request) return this.#answer(own.request, term, own.done)
    const request = decodeMessage(
      LogRequest,
      Buffer.from(data.buffer, data.byteOffset, data.length),
    )
    const isOwn = request.memberId === this.id
    const pending = isOwn ? this.#pending.takeBySequence(request.sequence) : undefined
    this.#answer(request, term, pending?.done)
  }

  #answer(request: LogRequest, term: number, done: Done | undefined): void {
    let response: unknown
    try {
      // It was on its way when another began to lead, whose clock counts now.
      if (request.leaderTerm && request.leaderTerm !== term) throw etcdError('leaderChanged')
      response = this.#state.apply(request)
    } catch (error) {
      // A refusal is the same on every member; anything else is a bug, and going on would let members drift apart.
      if (!(error instanceof GrpcError)) throw error
      done?.(error)
      return
    }
    done?.(undefined, response)
  }

  #applyConfChange(entry: Entry): void {
    const change = decodeConfChange(entry.data)
    const context = parseContext(change.context)
    const isOwn = context.proposer === nodeIdOf(this.id)
    const pending = isOwn ? this.#pending.takeBySequence(context.sequence ?? 0) : undefined
    try {
      checkChange(this.#state.membership, change, context, this.#deps.config.learnersMax)
    } catch (error) {
      // Checked again here: two members may have proposed what fits only once. The same on every member.
      if (!(error instanceof GrpcError)) throw error
      pending?.done(error)
      return
    }
    this.#confState = this.host.applyConfChange(change)
    noteChange(this.#state.membership, change, context)
    this.#deps.logger.info('Changed the members', { change: change.steps })
    this.onMembersChanged()
    pending?.done(undefined, this.#state.membership.all())
    if (this.#state.membership.isRemoved(this.id)) this.onRemoved()
  }
}
