import type { AppendOutcome, LogBatch, LogStore } from '@kemu/log-store'
import { LogStoreUnavailable } from '@kemu/log-store'
import { MemoryLogStore } from '@kemu/log-store/testing'

/** What becomes of the next appends, in order. */
export type Fault = 'refused' | 'answer lost'

/** A store whose calls fail as told, and that checks its caller's marks. */
export class FaultyLogStore implements LogStore {
  readonly memory = new MemoryLogStore()
  readonly faults: Fault[] = []
  /** Lines that came again, without a mark, although their sender had been told that they are kept. */
  readonly unmarked: string[] = []
  #acknowledged = new Set<string>()
  #goBack: (() => void) | undefined

  async append(batch: LogBatch): Promise<AppendOutcome> {
    const fault = this.faults.shift()
    if (fault === 'refused') throw new LogStoreUnavailable('refused')
    const outcome = await this.memory.append(batch)
    if (outcome.kind === 'appended') this.#checkMarks(batch)
    if (fault === 'answer lost') throw new LogStoreUnavailable('the answer is lost')
    if (outcome.kind === 'appended')
      for (const line of batch.lines) this.#acknowledged.add(line.text.toString())
    return outcome
  }

  positions(host: string): Promise<ReadonlyMap<string, number>> {
    return this.memory.positions(host)
  }

  forget(host: string, files: readonly string[]): Promise<void> {
    return this.memory.forget(host, files)
  }

  onConnect(listener: () => void): void {
    this.memory.onConnect(listener)
  }

  /** From here a later `loseNewest` goes back to. */
  remember(): void {
    this.#goBack = this.memory.snapshot()
  }

  /** The store comes back without what it got since. */
  loseNewest(): void {
    this.#goBack?.()
    this.memory.reconnect()
  }

  /** A new collector knows nothing of what another one was told. */
  forgetSender(): void {
    this.#acknowledged = new Set()
  }

  #checkMarks({ lines }: LogBatch): void {
    for (const { text, resent } of lines) {
      if (this.#acknowledged.has(text.toString()) && !resent) this.unmarked.push(text.toString())
    }
  }
}
