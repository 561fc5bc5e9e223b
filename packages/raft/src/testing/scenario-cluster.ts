import { seededRandom } from '@kemu/base'
import {
  confStateOf,
  decodeConfChange,
  describeConfState,
  describeEntries,
  describeHardState,
  describeMessage,
  describeReady,
  MemoryStorage,
  RawNode,
} from '../index.ts'
import type {
  ConfChange,
  ConfChangeKind,
  ConfState,
  Config,
  Message,
  NodeId,
  Ready,
} from '../index.ts'

interface Member {
  readonly storage: MemoryStorage
  readonly config: Config
  node: RawNode
  confState: ConfState
  /** Taken by `take`, not on disk yet. */
  writing: Ready[]
}

/**
 * Servers and a network that do only what a scenario's text says, and tell what they did. The commands are the keys of
 * `#commands`; each returns the lines that belong under it.
 */
export class ScenarioCluster {
  readonly #members = new Map<NodeId, Member>()
  #underWay: Message[] = []

  readonly #commands: Record<string, (args: string[], options: Map<string, string>) => string[]> = {
    start: (ids, options) => this.#start(ids, options),
    join: ([id], options) => this.#add(id!, [], options),
    tick: ([id, count = '1']) =>
      this.#quiet(id!, (node) => repeat(Number(count), () => node.tick())),
    campaign: ([id]) => this.#quiet(id!, (node) => node.campaign()),
    propose: ([id, ...data]) =>
      this.#say(id!, (node) => node.propose(data.map((d) => Buffer.from(d)))),
    change: ([id, ...words], options) => this.#change(id!, words, options),
    read: ([id, request]) =>
      this.#say(id!, (node) => (node.readIndex(Number(request)) ? 'asked' : 'no leader')),
    transfer: ([id, to]) => this.#quiet(id!, (node) => node.transferLeader(to!)),
    unreachable: ([id, peer]) => this.#quiet(id!, (node) => node.reportUnreachable(peer!)),
    ready: ([id]) => this.#ready(id!),
    take: ([id]) => this.#take(id!),
    persist: ([id]) => this.#persist(id!),
    deliver: (links) => this.#deliver(links),
    drop: (links) => this.#drop(links),
    mail: () => this.#underWay.map(describeMessage),
    stabilize: (ids) => this.#stabilize(ids),
    restart: ([id]) => this.#restart(id!),
    compact: ([id, index]) => this.#compact(id!, Number(index)),
    log: ([id]) => this.#log(id!),
    status: (ids) => ids.map((id) => this.#status(id)),
  }

  /** Runs `command words... key=value...` and returns what happened. A leading `quietly` keeps it short. */
  run(line: string): string[] {
    const words = line.split(/\s+/)
    const isQuiet = words[0] === 'quietly'
    if (isQuiet) words.shift()
    const command = this.#commands[words[0]!]
    if (!command) throw new Error(`no such command: ${line}`)
    const options = new Map(
      words.filter((w) => w.includes('=')).map((w) => w.split('=') as [string, string]),
    )
    const output = command(
      words.slice(1).filter((w) => !w.includes('=')),
      options,
    )
    return isQuiet ? [] : output
  }

  #start(ids: string[], options: Map<string, string>): string[] {
    const learners = options.get('learners')?.split(',') ?? []
    const members = [...ids, ...learners]
    return members.flatMap((id) => this.#add(id, ids, options, learners))
  }

  #add(
    id: NodeId,
    voters: string[],
    options: Map<string, string>,
    learners: string[] = [],
  ): string[] {
    const storage = new MemoryStorage()
    const confState = confStateOf(voters, learners)
    if (voters.length > 0) {
      storage.applySnapshot({ metadata: { index: 1, term: 1, confState }, data: new Uint8Array() })
      storage.setHardState({ term: 1, vote: '', commit: 1 })
    }
    const config: Config = {
      id,
      storage,
      applied: storage.firstIndex() - 1,
      electionTicks: 3,
      heartbeatTicks: 1,
      // Always the shortest timeout: a scenario says itself who is late.
      random: { ...seededRandom(1), int: () => 0 },
      preVote: options.get('preVote') !== 'off',
      checkQuorum: options.get('checkQuorum') !== 'off',
      reads: options.get('reads') === 'lease' ? 'lease' : 'safe',
      maxMessageBytes: Number(options.get('maxMessageBytes') ?? 1_000_000),
      maxInflightMessages: Number(options.get('maxInflight') ?? 256),
    }
    this.#members.set(id, { storage, config, node: new RawNode(config), confState, writing: [] })
    return []
  }

  #restart(id: NodeId): string[] {
    const member = this.#member(id)
    member.confState = member.storage.snapshot()!.metadata.confState
    const applied = member.storage.snapshot()!.metadata.index
    member.writing = []
    member.node = new RawNode({ ...member.config, applied })
    return [`${id} starts: ${describeHardState(member.storage.initialState().hardState)}`]
  }

  #change(id: NodeId, words: string[], options: Map<string, string>): string[] {
    const steps: ConfChange['steps'] = pairs(words).map(([kind, node]) => ({
      kind: kind as ConfChangeKind,
      node,
    }))
    const transition = (options.get('transition') ?? 'auto') as ConfChange['transition']
    return this.#say(id, (node) => {
      const result = node.proposeConfChange({ steps, transition, context: '' })
      return typeof result === 'string' ? result : `refused: ${result.refused}`
    })
  }

  #ready(id: NodeId): string[] {
    const member = this.#member(id)
    if (!member.node.hasReady()) return [`${id} has nothing to do`]
    return [...this.#take(id), ...this.#persist(id)]
  }

  /** Hands out one Ready and sends what may be sent at once; `persist` does the rest. */
  #take(id: NodeId): string[] {
    const member = this.#member(id)
    const ready = member.node.ready()
    member.writing.push(ready)
    this.#underWay.push(...ready.messages)
    for (const entry of ready.committedEntries) {
      if (entry.type === 'confChange') {
        member.confState = member.node.applyConfChange(decodeConfChange(entry.data))
      }
      member.node.applied(entry.index)
    }
    const members = ready.committedEntries.some(({ type }) => type === 'confChange')
      ? [`members: ${describeConfState(member.confState)}`]
      : []
    return [...describeReady(ready), ...members].map((line) => `${id} ${line}`)
  }

  #persist(id: NodeId): string[] {
    const member = this.#member(id)
    for (const { snapshot, entries, hardState } of member.writing) {
      if (snapshot) {
        member.storage.applySnapshot(snapshot)
        member.confState = snapshot.metadata.confState
      }
      member.storage.append(entries)
      if (hardState) member.storage.setHardState(hardState)
    }
    const last = member.writing.at(-1)
    for (const { messagesAfterPersist } of member.writing)
      this.#underWay.push(...messagesAfterPersist)
    member.writing = []
    if (last) member.node.persisted(last)
    return []
  }

  #deliver(links: string[]): string[] {
    const mail = this.#takeMail(links)
    for (const message of mail) this.#step(message)
    return mail.map((message) => `deliver ${describeMessage(message)}`)
  }

  #drop(links: string[]): string[] {
    return this.#takeMail(links).map((message) => `drop ${describeMessage(message)}`)
  }

  #step(message: Message): void {
    this.#member(message.to).node.step(message)
    if (message.type === 'snapshot')
      this.#member(message.from).node.reportSnapshot(message.to, true)
  }

  /** Lets these servers (all, if none is named) work and talk among themselves until nothing is left to do. */
  #stabilize(ids: string[]): string[] {
    const chosen = ids.length > 0 ? ids : [...this.#members.keys()]
    const lines: string[] = []
    for (let busy = true; busy;) {
      busy = false
      for (const id of chosen) {
        while (this.#member(id).node.hasReady()) {
          lines.push(...this.#ready(id))
          busy = true
        }
      }
      const links = chosen.flatMap((from) => chosen.map((to) => `${from}>${to}`))
      const delivered = this.#deliver(links)
      busy ||= delivered.length > 0
      lines.push(...delivered)
    }
    return lines
  }

  #compact(id: NodeId, index: number): string[] {
    const member = this.#member(id)
    member.storage.createSnapshot(index, member.confState, new Uint8Array())
    member.storage.compact(index)
    return []
  }

  #log(id: NodeId): string[] {
    const { storage } = this.#member(id)
    const first = storage.firstIndex()
    const entries = storage.entries(first, storage.lastIndex() + 1, Number.MAX_SAFE_INTEGER)
    return [`${id} after=${first - 1}/${storage.term(first - 1)} ${describeEntries(entries)}`]
  }

  #status(id: NodeId): string {
    const s = this.#member(id).node.status()
    const followers = [...s.followers]
      .filter(([peer]) => peer !== id)
      .map(([peer, f]) => `${peer}:${f.state} match=${f.match} next=${f.next}`)
    return [
      `${id} ${s.role} term=${s.term} leader=${s.leader || '-'} commit=${s.committed} applied=${s.applied} last=${s.lastIndex}`,
      ...followers,
    ].join('; ')
  }

  #takeMail(links: string[]): Message[] {
    const isWanted = ({ from, to }: Message): boolean =>
      links.some((link) => (link.includes('>') ? link === `${from}>${to}` : link === to))
    const taken = this.#underWay.filter(isWanted)
    this.#underWay = this.#underWay.filter((message) => !isWanted(message))
    return taken
  }

  #say(id: NodeId, act: (node: RawNode) => string): string[] {
    return [act(this.#member(id).node)]
  }

  #quiet(id: NodeId, act: (node: RawNode) => void): string[] {
    act(this.#member(id).node)
    return []
  }

  #member(id: NodeId): Member {
    const member = this.#members.get(id)
    if (!member) throw new Error(`no server ${id}`)
    return member
  }
}

function repeat(count: number, act: () => void): void {
  for (let i = 0; i < count; i++) act()
}

function pairs(words: string[]): [string, string][] {
  return Array.from({ length: words.length / 2 }, (_, i) => [words[2 * i]!, words[2 * i + 1]!])
}
