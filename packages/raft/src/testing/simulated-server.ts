import type { Random } from '@kemu/base'
import { confStateOf, decodeConfChange, MemoryStorage, RawNode } from '../index.ts'
import type {
  Config,
  ConfState,
  DeliberateBug,
  Entry,
  LogIndex,
  Message,
  NodeId,
  Ready,
  Term,
} from '../index.ts'
import type { SafetyCheckers } from './safety-checkers.ts'

/** Mistakes of a host, for the tests that prove the checkers. */
export type HostBug =
  /** Answers before the disk has it (section 3.8). */
  | 'acknowledges-before-persist'
  /** Comes back without knowing whom it voted for (section 3.8). */
  | 'forgets-vote'

/** Settings that all servers of a schedule share, as those of a cluster do. */
export type Tuning = Pick<
  Config,
  'maxMessageBytes' | 'maxInflightMessages' | 'maxCommittedBytes' | 'preVote' | 'checkQuorum'
>

export interface ServerDeps {
  readonly id: NodeId
  readonly random: Random
  readonly checkers: SafetyCheckers
  readonly send: (message: Message) => void
  readonly trace: ((line: () => string) => void) | undefined
  readonly tuning: Tuning
  readonly bug: DeliberateBug | HostBug | undefined
}

const hostBugs: ReadonlySet<string> = new Set<HostBug>([
  'acknowledges-before-persist',
  'forgets-vote',
])

/**
 * A host with a disk that can lose what was not synced. `storage` is what has reached the disk; Ready after Ready
 * waits in `#writing` until the simulation lets the disk finish, or crashes the server and loses them.
 */
export class SimulatedServer {
  readonly id: NodeId
  readonly storage: MemoryStorage
  readonly #deps: ServerDeps
  #node: RawNode | undefined
  #writing: Ready[] = []
  #confState: ConfState
  #reads = new Map<number, LogIndex>()
  #requests = 0

  /** A member from the first day has a snapshot at index 1 that names the members; a newcomer has nothing. */
  constructor(deps: ServerDeps, founders: readonly NodeId[]) {
    this.#deps = deps
    this.id = deps.id
    this.storage = new MemoryStorage()
    this.#confState = confStateOf(founders)
    if (founders.length > 0) {
      const metadata = { index: 1, term: 1, confState: this.#confState }
      this.storage.applySnapshot({ metadata, data: Buffer.from('1') })
      this.storage.setHardState({ term: 1, vote: '', commit: 1 })
    }
  }

  get node(): RawNode | undefined {
    return this.#node
  }

  get writesWaiting(): number {
    return this.#writing.length
  }

  start(): void {
    const { bug, random } = this.#deps
    const snapshot = this.storage.snapshot()!
    this.#confState = snapshot.metadata.confState
    this.#node = new RawNode({
      id: this.id,
      storage: this.storage,
      // As a real host: the state machine comes back from its snapshot and gets the rest from the log.
      applied: snapshot.metadata.index,
      electionTicks: 5,
      heartbeatTicks: 1 + random.int(2),
      random,
      ...this.#deps.tuning,
      ...(bug && !hostBugs.has(bug) && { deliberateBug: bug as DeliberateBug }),
    })
    this.#writing = []
    this.#reads = new Map()
    this.#work()
  }

  /** Loses its memory, and of what it was writing all but a random beginning, the last of it perhaps torn. */
  crash(): void {
    const survivors = this.#deps.random.int(this.#writing.length + 1)
    for (const ready of this.#writing.slice(0, survivors)) this.#write(ready)
    const torn = this.#writing[survivors]
    if (torn && !torn.snapshot) {
      this.storage.append(torn.entries.slice(0, this.#deps.random.int(torn.entries.length + 1)))
    }
    this.#node = undefined
    this.#deps.checkers.onCrash(this.id)
    if (this.#deps.bug === 'forgets-vote') {
      this.storage.setHardState({ ...this.storage.initialState().hardState, vote: '' })
    }
  }

  /** Runs one action of raft and then the host's duties. */
  act(action: (node: RawNode) => void): void {
    if (!this.#node) return
    action(this.#node)
    this.#work()
  }

  read(): void {
    this.act((node) => {
      const request = ++this.#requests
      this.#reads.set(request, this.#deps.checkers.maxCommitted)
      node.readIndex(request)
    })
  }

  /** The disk finishes the oldest `count` writes. */
  finishWrites(count: number): void {
    const done = this.#writing.splice(0, count)
    const last = done.at(-1)
    if (!last || !this.#node) return
    for (const ready of done) this.#write(ready)
    this.#deps.trace?.(() => `${this.id} persisted ready ${last.number}`)
    this.#node.persisted(last)
    if (this.#deps.bug !== 'acknowledges-before-persist') {
      for (const { messagesAfterPersist } of done) messagesAfterPersist.forEach(this.#deps.send)
    }
    this.#work()
  }

  /** Makes a snapshot of what is applied and drops the log before it, or most of it. */
  compact(): void {
    const status = this.#node?.status()
    if (!status || status.applied <= this.storage.snapshot()!.metadata.index) return
    this.storage.createSnapshot(status.applied, this.#confState, Buffer.from(`${status.applied}`))
    this.storage.compact(Math.max(this.storage.firstIndex() - 1, status.applied - 2))
  }

  termAt(index: LogIndex): Term | undefined {
    // Writes under way count: they are this server's log, and raft sees them.
    for (let i = this.#writing.length - 1; i >= 0; i--) {
      const { entries, snapshot } = this.#writing[i]!
      const first = entries[0]
      const last = entries.at(-1)
      if (first && last && index >= first.index) {
        return index <= last.index ? entries[index - first.index]!.term : undefined
      }
      if (snapshot && index <= snapshot.metadata.index) {
        return index === snapshot.metadata.index ? snapshot.metadata.term : undefined
      }
    }
    return this.storage.term(index)
  }

  /** The host's duties, in the order of ready.ts. */
  #work(): void {
    const node = this.#node!
    while (node.hasReady()) {
      const ready = node.ready()
      this.#check(ready)
      ready.messages.forEach(this.#deps.send)
      if (this.#deps.bug === 'acknowledges-before-persist') {
        ready.messagesAfterPersist.forEach(this.#deps.send)
      }
      this.#writing.push(ready)
      this.#apply(node, ready)
      for (const { request, index } of ready.readStates) {
        const before = this.#reads.get(request)
        if (before !== undefined) this.#deps.checkers.onRead(this.id, before, index)
        this.#reads.delete(request)
      }
    }
    this.#deps.checkers.observe({
      id: this.id,
      status: node.status(),
      termAt: (index) => this.termAt(index),
    })
  }

  #check({ entries }: Ready): void {
    const first = entries[0]
    if (first) this.#deps.checkers.onAppend(this.id, entries, this.termAt(first.index - 1))
  }

  #apply(node: RawNode, { committedEntries }: Ready): void {
    for (const entry of committedEntries) {
      this.#deps.checkers.onApply(this.id, entry)
      this.#deps.trace?.(() => `${this.id} applied ${entry.index}/${entry.term}`)
      if (entry.type === 'confChange') this.#confState = this.#changeMembers(node, entry)
      node.applied(entry.index)
    }
  }

  #changeMembers(node: RawNode, entry: Entry): ConfState {
    return node.applyConfChange(decodeConfChange(entry.data))
  }

  #write(ready: Ready): void {
    const { snapshot, entries, hardState } = ready
    if (snapshot) {
      this.storage.applySnapshot(snapshot)
      this.#confState = snapshot.metadata.confState
    }
    this.storage.append(entries)
    if (hardState) this.storage.setHardState(hardState)
  }
}
