import type { Clock, Logger } from '@kemu/base'
import { RawNode } from '@kemu/raft'
import type {
  ConfChange,
  ConfState,
  Config,
  Entry,
  HardState,
  Message,
  ProposeResult,
  Ready,
  SnapshotMetadata,
  SoftState,
  Status,
} from '@kemu/raft'
import type { Init } from '@kemu/rpc/protobuf'
import type { WalSave } from '@kemu/rpc/raft-codec'
import type { Wal } from '../wal/wal.ts'
import type { AfterTurn } from './after-turn.ts'
import { CommitNews } from './commit-news.ts'
import type { LogStorage } from './log-storage.ts'
import { entryTo } from './raft-codec.ts'
import { ReadQueue } from './read-queue.ts'
import type { ReadDone } from './read-queue.ts'
import { Ticker } from './ticker.ts'

/** What the log drives. All of it is called from the host's loop, in order. */
export interface LogConsumer {
  /** Committed entries; an entry of type `confChange` is passed to `RaftHost.applyConfChange` by the consumer. */
  apply(entries: readonly Entry[]): void
  /** The leader's snapshot, whose file is complete, takes the place of the state. */
  install(metadata: SnapshotMetadata): void
  onSoftState(state: SoftState): void
  onTicks(ticks: number): void
}

export interface MessageTransport {
  /** Returns the messages that certainly went nowhere: there is no connection. Others may be lost all the same. */
  send(messages: readonly Message[]): readonly Message[]
  /** Gives what was sent to the network now, before the event loop is kept busy. */
  flush(): void
}

export interface RaftHostDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly wal: Wal
  readonly storage: LogStorage
  readonly transport: MessageTransport
  readonly consumer: LogConsumer
  readonly raft: Omit<Config, 'storage'>
  readonly tickMs: number
  readonly requestTimeoutMs: number
  /** Of the questions for linearizable reads; differs after each start. */
  readonly firstReadRequest: number
  readonly afterTurn: AfterTurn
}

/** How long after a full disk the write is tried again. */
const diskRetryMs = 500
/** With so few waiting for the disk, waiting for it in place is quicker than asking another thread. */
const urgentEntriesMax = 4

/**
 * Drives raft: collects what one turn of the event loop brings, and then does the duties of `Ready` in their order. One
 * write to the log is under way at a time; what comes meanwhile goes with the next (group commit).
 */
export class RaftHost {
  readonly #deps: RaftHostDeps
  readonly #node: RawNode
  readonly #reads: ReadQueue
  readonly #commitNews: CommitNews
  #proposals: { data: Uint8Array; refused: (result: ProposeResult) => void }[] = []
  /** To be offered again at the next tick. */
  #deferred: { data: Uint8Array; refused: (result: ProposeResult) => void }[] = []
  /** Handed out by raft and not on disk yet, oldest first. */
  #toPersist: Ready[] = []
  /** Only a commit index is news in it: no write of its own, but it goes with the next. */
  #unsavedHardState: HardState | undefined
  #isWriting = false
  #isScheduled = false
  #isStopped = false
  #isDiskFull = false
  #applied: number
  readonly #ticker: Ticker

  constructor(deps: RaftHostDeps) {
    this.#deps = deps
    this.#node = new RawNode({ ...deps.raft, storage: deps.storage })
    this.#applied = this.#node.status().applied
    this.#reads = new ReadQueue({
      ask: (request) => this.#node.readIndex(request),
      timeoutTicks: Math.ceil(deps.requestTimeoutMs / deps.tickMs),
      firstRequest: deps.firstReadRequest,
    })
    const { clock, tickMs } = deps
    this.#commitNews = new CommitNews({
      clock,
      send: (messages) => deps.transport.send(messages),
    })
    this.#ticker = new Ticker({ clock, tickMs, onTicks: (ticks) => this.#onTicks(ticks) })
  }

  get applied(): number {
    return this.#applied
  }

  /** Writes fail for want of space; nothing is acknowledged until there is some again. */
  get isDiskFull(): boolean {
    return this.#isDiskFull
  }

  status(): Status {
    return this.#node.status()
  }

  /** The term of an entry of the log; undefined outside of it. */
  termAt(index: number): number | undefined {
    return this.#node.termAt(index)
  }

  /** A cluster of one need not wait for an election. */
  campaign(): void {
    this.#node.campaign()
    this.#schedule()
  }

  /** Lets `ticks` pass at once: a fresh start need not wait a whole election timeout to see that there is no leader. */
  advance(ticks: number): void {
    for (let i = 0; i < ticks; i++) this.#node.tick()
    this.#schedule()
  }

  /** Offers an entry. It waits while there is no leader; `refused` tells of the outcomes that end it. */
  propose(data: Uint8Array, refused: (result: ProposeResult) => void): void {
    this.#proposals.push({ data, refused })
    this.#schedule()
  }

  proposeConfChange(change: ConfChange): ProposeResult | { readonly refused: string } {
    const result = this.#node.proposeConfChange(change)
    this.#schedule()
    return result
  }

  applyConfChange(change: ConfChange): ConfState {
    const confState = this.#node.applyConfChange(change)
    this.#setPace()
    return confState
  }

  /** Calls back when the state shows everything that was acknowledged before now, on any member. */
  read(done: ReadDone): void {
    this.#reads.add(done)
    this.#schedule()
  }

  transferLeader(to: string): void {
    this.#node.transferLeader(to)
    this.#schedule()
  }

  step(message: Message): void {
    if (this.#isStopped) return
    this.#node.step(message)
    if (message.type === 'propose') this.#commitNews.await(message.from, this.#node.lastIndex)
    this.#schedule()
  }

  reportUnreachable(id: string): void {
    this.#node.reportUnreachable(id)
  }

  reportSnapshot(id: string, delivered: boolean): void {
    if (this.#isStopped) return
    this.#node.reportSnapshot(id, delivered)
    this.#schedule()
  }

  /** Notes in the log that a snapshot of this member's own state is on disk. */
  recordSnapshot(metadata: SnapshotMetadata, done: (error: Error | null) => void): void {
    this.#afterWrite(() => {
      this.#isWriting = true
      this.#deps.wal.save([{ snapshot: { ...metadata } }], false, (error) => {
        this.#isWriting = false
        done(error)
        this.#afterWriting()
      })
    })
  }

  /** Ends the loop; the write that is under way is waited for. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#ticker.stop()
    this.#commitNews.stop()
    this.#reads.failAll()
    await new Promise<void>((resolve) => this.#afterWrite(resolve))
  }

  #waitingForWrite: (() => void)[] = []

  #afterWrite(action: () => void): void {
    if (this.#isWriting) this.#waitingForWrite.push(action)
    else action()
  }

  #onTicks(ticks: number): void {
    for (let i = 0; i < ticks; i++) {
      this.#node.tick()
      this.#reads.tick()
    }
    if (this.#deferred.length > 0) this.#proposals.push(...this.#deferred.splice(0))
    this.#deps.consumer.onTicks(ticks)
    if (this.#node.hasReady() || this.#proposals.length > 0 || this.#reads.isWaiting) this.#work()
  }

  #setPace(): void {
    const { role, followers } = this.#node.status()
    this.#ticker.setCalm(role === 'leader' && followers.size === 1)
  }

  /** Once everything that this turn of the event loop has to read is read. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#deps.afterTurn(() => {
      this.#isScheduled = false
      this.#work()
    })
  }

  #work(): void {
    if (this.#isStopped) return
    this.#offerProposals()
    this.#reads.ask()
    while (this.#node.hasReady()) {
      this.#take(this.#node.ready())
      if (!this.#isWriting) this.#persist()
    }
    if (!this.#isWriting) this.#persist()
  }

  #offerProposals(): void {
    if (this.#proposals.length === 0) return
    const offered = this.#proposals
    this.#proposals = []
    const result = this.#node.propose(offered.map(({ data }) => data))
    if (result === 'accepted') return
    if (result === 'noLeader' || result === 'transferring') this.#proposals = offered
    else for (const { refused } of offered) refused(result)
  }

  /** Proposals for a leader that is not there any more: the next leader gets them, as long as somebody waits. */
  #defer(unsent: readonly Message[]): void {
    for (const message of unsent) {
      if (message.type !== 'propose') continue
      for (const { type, data } of message.proposals) {
        if (type === 'normal') this.#deferred.push({ data, refused: () => {} })
      }
    }
  }

  /** Drops a proposal that was not offered yet, when nobody waits for it any more. */
  withdraw(data: Uint8Array): void {
    const isOther = (proposal: { data: Uint8Array }): boolean => proposal.data !== data
    this.#proposals = this.#proposals.filter(isOther)
    this.#deferred = this.#deferred.filter(isOther)
  }

  /** Step 1 of a Ready, and step 5, which may run beside the writing. */
  #take(ready: Ready): void {
    const { consumer, transport } = this.#deps
    if (ready.softState) {
      this.#setPace()
      consumer.onSoftState(ready.softState)
    }
    if (ready.messages.length > 0) {
      this.#defer(transport.send(this.#commitNews.sift(ready.messages)))
    }
    this.#toPersist.push(ready)
    for (const { request, index } of ready.readStates) this.#reads.answer(request, index)
    this.#apply(ready.committedEntries)
    this.#reads.release(this.#applied)
  }

  #apply(entries: readonly Entry[]): void {
    const last = entries.at(-1)
    if (!last) return
    this.#deps.consumer.apply(entries)
    this.#applied = last.index
    this.#node.applied(last.index)
  }

  /** Steps 2 to 4. */
  #persist(): void {
    const batch = this.#toPersist
    if (batch.length === 0) return
    this.#toPersist = []
    for (const { hardState } of batch) this.#unsavedHardState = hardState ?? this.#unsavedHardState
    const due = batch.filter(needsDisk)
    const last = due.at(-1)
    if (!last) return this.#settle(batch)
    const saves = due.map((ready) =>
      saveOf(ready, ready === last ? this.#unsavedHardState : ready.hardState),
    )
    this.#unsavedHardState = undefined
    this.#isWriting = true
    this.#write(batch, saves)
  }

  #write(batch: readonly Ready[], saves: readonly Init<WalSave>[]): void {
    const entries = batch.reduce((sum, ready) => sum + ready.entries.length, 0)
    const isUrgent = entries <= urgentEntriesMax
    // A leader's appends are on their way while its own disk still writes (thesis section 10.2.1).
    if (isUrgent) this.#deps.transport.flush()
    this.#deps.wal.save(saves, isUrgent, (error) => {
      if (error) return this.#onDiskError(error, () => this.#write(batch, saves))
      this.#noteDiskFull(false)
      this.#isWriting = false
      this.#settle(batch)
      this.#afterWriting()
    })
  }

  /** The disk is free: first for who waited, then for what has come up meanwhile. */
  #afterWriting(): void {
    while (!this.#isWriting && this.#waitingForWrite.length > 0) this.#waitingForWrite.shift()!()
    this.#work()
  }

  #settle(batch: readonly Ready[]): void {
    const { storage, consumer, transport } = this.#deps
    for (const { snapshot, entries, hardState } of batch) {
      if (snapshot) {
        storage.applySnapshot(snapshot)
        consumer.install(snapshot.metadata)
        this.#applied = snapshot.metadata.index
      }
      storage.append(entries)
      if (hardState) storage.setHardState(hardState)
    }
    for (const { messagesAfterPersist } of batch) {
      if (messagesAfterPersist.length > 0) transport.send(messagesAfterPersist)
    }
    this.#node.persisted(batch.at(-1)!)
  }

  /** A full disk is waited out: what was acknowledged is safe, what was not stays unanswered. The rest is fatal. */
  #onDiskError(error: NodeJS.ErrnoException, retry: () => void): void {
    if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') {
      throw new Error(`cannot write the write-ahead log: ${error.message}`, { cause: error })
    }
    this.#noteDiskFull(true)
    this.#deps.clock.setTimer(diskRetryMs, () => {
      if (!this.#isStopped) return retry()
      this.#isWriting = false
      this.#afterWriting()
    })
  }

  #noteDiskFull(isFull: boolean): void {
    if (isFull === this.#isDiskFull) return
    this.#isDiskFull = isFull
    if (isFull) {
      this.#deps.logger.error(
        'No space left on the disk of the data directory; writes are refused until there is some',
      )
    } else this.#deps.logger.info('The disk of the data directory has space again')
  }
}

/** A commit index alone may be lost: it only saves work after a restart. */
function needsDisk({ entries, snapshot, mustSync }: Ready): boolean {
  return entries.length > 0 || snapshot !== undefined || mustSync
}

function saveOf({ entries, snapshot }: Ready, hardState: HardState | undefined): Init<WalSave> {
  return {
    hardState,
    entries: entries.map(entryTo),
    snapshot: snapshot && { ...snapshot.metadata, received: true },
  }
}
