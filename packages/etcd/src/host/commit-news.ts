import type { Clock, Timer } from '@kemu/base'
import type { LogIndex, Message, NodeId } from '@kemu/raft'

type Commit = Extract<Message, { type: 'commit' }>

export interface CommitNewsDeps {
  readonly clock: Clock
  readonly send: (messages: readonly Message[]) => void
}

/** How long the news may wait for an append; a client that has its answer puts again sooner than that. */
const patienceMs = 1

/**
 * A leader's commit index goes along with its next append (thesis section 3.5), so a message of its own can mostly be
 * spared, and with it two wake-ups for each single put. It leaves at once to who waits for it, else after a moment.
 */
export class CommitNews {
  readonly #deps: CommitNewsDeps
  readonly #held = new Map<NodeId, { readonly sinceMs: number; news: Commit }>()
  /** Followers that passed on proposals of their clients, and where in the log these are. */
  readonly #awaited = new Map<NodeId, LogIndex>()
  #timer: Timer | undefined

  constructor(deps: CommitNewsDeps) {
    this.#deps = deps
  }

  /** A proposal of this follower's client is in the log at or before `index`. */
  await(follower: NodeId, index: LogIndex): void {
    this.#awaited.set(follower, index)
  }

  /** What is to be sent now, in its order. */
  sift(messages: readonly Message[]): readonly Message[] {
    const isPlain = this.#held.size === 0 && !messages.some(({ type }) => type === 'commit')
    if (isPlain) return messages
    const sifted: Message[] = []
    for (const message of messages) this.#sift(message, sifted)
    return sifted
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #sift(message: Message, sifted: Message[]): void {
    const { type, to } = message
    if (type === 'commit' && !this.#isAwaited(message)) return this.#hold(message)
    if (type === 'append' || type === 'readIndexResponse') {
      const held = this.#held.get(to)
      this.#held.delete(to)
      // A read waits for the commit index that an append would bring.
      if (held && type === 'readIndexResponse') sifted.push(held.news)
    }
    sifted.push(message)
  }

  #isAwaited({ to, commit }: Commit): boolean {
    const index = this.#awaited.get(to)
    if (index !== undefined && commit >= index) this.#awaited.delete(to)
    return index !== undefined
  }

  #hold(news: Commit): void {
    const held = this.#held.get(news.to)
    if (held) held.news = news
    else this.#held.set(news.to, { sinceMs: this.#deps.clock.monotonicMs(), news })
    this.#timer ??= this.#deps.clock.setTimer(patienceMs, () => this.#release())
  }

  #release(): void {
    this.#timer = undefined
    const now = this.#deps.clock.monotonicMs()
    const due = [...this.#held.values()].filter(({ sinceMs }) => now - sinceMs >= patienceMs)
    for (const { news } of due) this.#held.delete(news.to)
    if (this.#held.size > 0) {
      this.#timer = this.#deps.clock.setTimer(patienceMs, () => this.#release())
    }
    if (due.length > 0) this.#deps.send(due.map(({ news }) => news))
  }
}
