import { etcdError } from '../errors.ts'

/** Called without an error when the state may be read. */
export type ReadDone = (error?: Error) => void

export interface ReadQueueDeps {
  /** Asks raft under this number; false when there is nobody to ask. */
  readonly ask: (request: number) => boolean
  readonly timeoutTicks: number
  /** Differs after each start: a late answer to what this member asked before it must not answer a read of now. */
  readonly firstRequest: number
}

interface Batch {
  readonly reads: readonly WaitingRead[]
  readonly request: number
  readonly askedAtTick: number
}

interface WaitingRead {
  readonly done: ReadDone
  readonly sinceTick: number
}

/** An answer that was lost is asked for again; etcd: readIndexRetryTime is 500 ms. */
const retryTicks = 5

/**
 * Linearizable reads (thesis section 6.4). All that come while one question is under way wait for the next one
 * together: an answer may only be used for reads that came in before it was asked.
 */
export class ReadQueue {
  readonly #deps: ReadQueueDeps
  #waiting: WaitingRead[] = []
  #asked: Batch | undefined
  /** Answered, but the state is not there yet. */
  #answered: { index: number; reads: readonly WaitingRead[] }[] = []
  #requests: number
  #tick = 0

  constructor(deps: ReadQueueDeps) {
    this.#deps = deps
    this.#requests = deps.firstRequest
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  add(done: ReadDone): void {
    this.#waiting.push({ done, sinceTick: this.#tick })
  }

  ask(): void {
    if (this.#asked || this.#waiting.length === 0) return
    const request = this.#requests + 1
    if (!this.#deps.ask(request)) return
    this.#requests = request
    this.#asked = { reads: this.#waiting, request, askedAtTick: this.#tick }
    this.#waiting = []
  }

  answer(request: number, index: number): void {
    if (this.#asked?.request !== request) return
    this.#answered.push({ index, reads: this.#asked.reads })
    this.#asked = undefined
    this.ask()
  }

  /** The state holds everything up to `applied`. */
  release(applied: number): void {
    while (this.#answered.length > 0 && this.#answered[0]!.index <= applied) {
      for (const { done } of this.#answered.shift()!.reads) done()
    }
  }

  tick(): void {
    this.#tick += 1
    const asked = this.#asked
    if (asked && this.#tick - asked.askedAtTick >= retryTicks) {
      this.#asked = undefined
      this.#waiting = [...asked.reads, ...this.#waiting]
    }
    const isOver = ({ sinceTick }: WaitingRead): boolean =>
      this.#tick - sinceTick >= this.#deps.timeoutTicks
    if (this.#waiting.length === 0 || !isOver(this.#waiting[0]!)) return
    const over = this.#waiting.filter(isOver)
    this.#waiting = this.#waiting.filter((read) => !isOver(read))
    for (const { done } of over) done(etcdError('timeout'))
  }

  failAll(): void {
    const reads = [...this.#waiting, ...(this.#asked?.reads ?? [])]
    const answered = this.#answered.flatMap((batch) => batch.reads)
    this.#waiting = []
    this.#asked = undefined
    this.#answered = []
    for (const { done } of [...reads, ...answered]) done(etcdError('stopped'))
  }
}
