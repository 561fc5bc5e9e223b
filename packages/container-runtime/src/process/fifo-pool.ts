import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './command.ts'

const refillSize = 24
const refillBelow = 10

/**
 * FIFOs made ahead. Node cannot make one, and a process for each container would cost a millisecond of its start; a
 * batch in the background costs nothing that anybody waits for.
 */
export class FifoPool {
  readonly #dir: string
  #free: string[] = []
  #counter = 0
  #refill: Promise<void> | undefined

  constructor(dir: string) {
    this.#dir = dir
    rmSync(dir, { recursive: true, force: true })
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  }

  start(): Promise<void> {
    return this.#fill()
  }

  /** Moves a FIFO to that path. */
  async take(path: string): Promise<void> {
    while (this.#free.length === 0) await this.#fill()
    renameSync(this.#free.pop()!, path)
    if (this.#free.length < refillBelow) void this.#fill().catch(() => undefined) // the next take reports it
  }

  #fill(): Promise<void> {
    this.#refill ??= this.#make().finally(() => {
      this.#refill = undefined
    })
    return this.#refill
  }

  async #make(): Promise<void> {
    const names = Array.from({ length: refillSize }, () => join(this.#dir, `f${this.#counter++}`))
    await runCommand('mkfifo', ['-m', '600', ...names])
    this.#free.push(...names)
  }

  /** For tests: how many are ready. */
  get size(): number {
    return readdirSync(this.#dir).length
  }
}
