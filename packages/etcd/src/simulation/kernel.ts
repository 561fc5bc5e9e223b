import type { Timer } from '@kemu/base'

/** Something whose events come to nothing when it is gone, and wait while it is paused. */
export interface Owner {
  readonly name: string
  /** False: it crashed. */
  readonly isAlive: boolean
  /** No event of it runs before this time, in ms. */
  readonly blockedUntilMs: number
}

interface SimulatedEvent {
  atMs: number
  readonly sequence: number
  readonly owner: Owner
  readonly run: () => void
  isCancelled: boolean
}

/** Who is outside of the cluster: clients, and the simulation itself. */
export const outside: Owner = { name: 'outside', isAlive: true, blockedUntilMs: 0 }

/**
 * Virtual time: a queue of events, run one after the other. All waiting in a simulation is an event here, so that the
 * same seed gives the same run. Between two events every promise that can go on does.
 */
export class Kernel {
  readonly #heap: SimulatedEvent[] = []
  #sequence = 0
  #nowMs = 0
  #executed = 0
  #running: Owner = outside
  readonly #onError: (owner: Owner, error: unknown) => void
  readonly #afterEvent: (owner: Owner) => void

  constructor(hooks: {
    /** An event threw: its owner's program has failed. */
    readonly onError: (owner: Owner, error: unknown) => void
    readonly afterEvent: (owner: Owner) => void
  }) {
    this.#onError = hooks.onError
    this.#afterEvent = hooks.afterEvent
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get executed(): number {
    return this.#executed
  }

  schedule(owner: Owner, delayMs: number, run: () => void): Timer {
    const event: SimulatedEvent = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      sequence: this.#sequence++,
      owner,
      run,
      isCancelled: false,
    }
    this.#push(event)
    return {
      cancel: () => {
        event.isCancelled = true
      },
    }
  }

  /** Runs until a time, or until `isOver` says so after an event. */
  async run(untilMs: number, isOver: () => boolean): Promise<void> {
    const onRejection = (error: unknown): void => this.#onError(this.#running, error)
    process.on('unhandledRejection', onRejection)
    try {
      while (!isOver()) {
        const next = this.#heap[0]
        if (!next || next.atMs > untilMs) {
          this.#nowMs = Math.max(this.#nowMs, untilMs)
          break
        }
        this.#pop()
        if (next.isCancelled || !next.owner.isAlive) continue
        if (next.owner.blockedUntilMs > next.atMs) {
          next.atMs = next.owner.blockedUntilMs
          this.#push(next)
          continue
        }
        await this.#execute(next)
      }
    } finally {
      process.off('unhandledRejection', onRejection)
    }
  }

  async #execute(event: SimulatedEvent): Promise<void> {
    this.#nowMs = Math.max(this.#nowMs, event.atMs)
    this.#executed += 1
    this.#running = event.owner
    try {
      event.run()
    } catch (error) {
      this.#onError(event.owner, error)
    }
    // Everything that awaits something which is there now goes on.
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.#afterEvent(event.owner)
  }

  #push(event: SimulatedEvent): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(event, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: SimulatedEvent, b: SimulatedEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence)
}
