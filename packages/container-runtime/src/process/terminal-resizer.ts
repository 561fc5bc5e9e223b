import { sleep } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { tryCommand } from './command.ts'
import { readDescendants, readStat } from './procfs.ts'

/** script(1) opens its terminal a moment after it started; the client's first size comes before that. */
const retryMs = 10
const triesMax = 200

interface Size {
  readonly columns: number
  readonly rows: number
}

/** Sets the size of the terminal that script(1)'s child has, below a process. The last size wins. */
export class TerminalResizer {
  readonly #root: () => number | undefined
  readonly #clock: Clock
  #wanted: Size | undefined
  #isWorking = false

  constructor(root: () => number | undefined, clock: Clock) {
    this.#root = root
    this.#clock = clock
  }

  resize(columns: number, rows: number): void {
    this.#wanted = { columns, rows }
    if (!this.#isWorking) void this.#work()
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    for (let tries = 0; this.#wanted && tries < triesMax; tries++) {
      const size = this.#wanted
      const isSet = await this.#set(size)
      if (isSet && this.#wanted === size) this.#wanted = undefined
      if (!isSet) await sleep(this.#clock, retryMs)
    }
    this.#isWorking = false
  }

  async #set({ columns, rows }: Size): Promise<boolean> {
    const root = this.#root()
    const family = root === undefined ? [] : readDescendants(root)
    const terminal = family.findLast((pid) => (readStat(pid)?.terminal ?? 0) !== 0)
    if (terminal === undefined) return false
    const words = ['cols', String(columns), 'rows', String(rows)]
    const stty = await tryCommand('stty', ['-F', `/proc/${terminal}/fd/0`, ...words])
    return stty.code === 0
  }
}
