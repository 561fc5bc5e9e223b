import type { KubeObject } from '@kemu/api'

export interface LoggedEvent {
  readonly key: string
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: KubeObject
  /** The state before; undefined for the first. */
  readonly old: KubeObject | undefined
  readonly version: number
}

/** Everything that ever happened, in order; readers start where they like and then wait for more. */
export class EventLog {
  readonly #events: LoggedEvent[] = []
  readonly #waiters = new Set<() => void>()
  #closed = false

  append(event: LoggedEvent): void {
    this.#events.push(event)
    this.#wake()
  }

  close(): void {
    this.#closed = true
    this.#wake()
  }

  async *from(version: number, signal: AbortSignal): AsyncIterable<LoggedEvent> {
    let next = this.#events.findIndex((event) => event.version > version)
    if (next < 0) next = this.#events.length
    while (!signal.aborted && !this.#closed) {
      if (next < this.#events.length) yield this.#events[next++]!
      else await this.#more(signal)
    }
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiters.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }

  #wake(): void {
    for (const wake of this.#waiters) wake()
  }
}
