import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { isAlive, parseStat } from './procfs.ts'
import type { ProcessIdentity } from './procfs.ts'
import type { ShimLauncher, ShimOrder } from './shim-launcher.ts'

/** How the first process ended. `code` is undefined when nobody knows: the shim was killed. */
export interface ShimExit {
  readonly code: number | undefined
  readonly finishedAtNs: bigint | undefined
  /** Why it never started, in runc's words. */
  readonly startError: string | undefined
}

export type StartOutcome =
  | { readonly kind: 'started'; readonly main: ProcessIdentity }
  | { readonly kind: 'failed'; readonly error: string }

/**
 * The runtime's end of a shim, new or adopted. `exited` is called once: when the first process has ended and its
 * output is complete, or when the shim is gone.
 */
export class Shim {
  readonly #dir: string
  readonly #exited: (exit: ShimExit) => void
  #bell: Socket | undefined
  #rung = ''
  #started: ((outcome: StartOutcome) => void) | undefined
  #ended = false

  private constructor(dir: string, exited: (exit: ShimExit) => void) {
    this.#dir = dir
    this.#exited = exited
  }

  /** Starts a shim and waits until its first process runs or cannot. */
  static async start(
    launcher: ShimLauncher,
    order: ShimOrder,
    exited: (exit: ShimExit) => void,
  ): Promise<{ shim: Shim; outcome: StartOutcome }> {
    const shim = new Shim(order.dir, (exit) => {
      launcher.reap()
      exited(exit)
    })
    const outcome = await shim.#launch(launcher, order)
    return { shim, outcome }
  }

  /** Takes up a shim that another runtime process started. `exited` may be called before this returns. */
  static adopt(dir: string, exited: (exit: ShimExit) => void): Shim {
    const shim = new Shim(dir, exited)
    const identity = readIdentity(join(dir, 'shim.stat'))
    if (identity && isAlive(identity)) {
      shim.#listen()
      if (!isAlive(identity)) shim.#end() // it went in between: no writer is left that could ring
    } else shim.#end()
    return shim
  }

  get main(): ProcessIdentity | undefined {
    return readIdentity(join(this.#dir, 'main.stat'))
  }

  /** Stops watching; the shim goes on. */
  close(): void {
    this.#ended = true
    this.#bell?.destroy()
    this.#bell = undefined
  }

  async #launch(launcher: ShimLauncher, order: ShimOrder): Promise<StartOutcome> {
    this.#listen()
    const outcome = new Promise<StartOutcome>((resolve) => {
      this.#started = resolve
    })
    // Our own writing end until the shim has its own: no end of file before the shim could open the FIFO.
    const holder = openSync(join(this.#dir, 'alive'), constants.O_WRONLY | constants.O_NONBLOCK)
    try {
      await launcher.start(order)
    } finally {
      closeSync(holder)
    }
    return outcome
  }

  #listen(): void {
    const fd = openSync(join(this.#dir, 'alive'), constants.O_RDONLY | constants.O_NONBLOCK)
    const bell = new Socket({ fd, readable: true, writable: false })
    this.#bell = bell
    bell.on('data', (chunk: Buffer) => this.#onBell(chunk.toString('latin1')))
    bell.on('error', () => this.#end())
    bell.on('close', () => this.#end())
    bell.unref()
  }

  #onBell(words: string): void {
    this.#rung += words
    if (this.#rung.includes('started')) this.#answerStart()
  }

  #answerStart(): void {
    const main = this.main
    if (!this.#started || !main) return
    this.#started({ kind: 'started', main })
    this.#started = undefined
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#bell?.destroy()
    const exit = readExit(this.#dir)
    if (this.#started && exit.startError !== undefined) {
      this.#started({ kind: 'failed', error: exit.startError })
      this.#started = undefined
      return
    }
    if (this.#started) {
      if (this.main) this.#answerStart()
      else {
        this.#started({ kind: 'failed', error: this.#lastWords() })
        this.#started = undefined
        return
      }
    }
    this.#exited(exit)
  }

  #lastWords(): string {
    const said = readText(join(this.#dir, 'shim.log')) ?? ''
    return said.trim() === '' ? 'the container process ended before it started' : said.trim()
  }
}

/** What a shim's files say about its end. */
export function readExit(dir: string): ShimExit {
  const text = readText(join(dir, 'exit')) ?? ''
  const known = /^\d+\n$/.test(text)
  const error = readText(join(dir, 'error'))?.trim()
  return {
    code: known ? Number(text) : undefined,
    finishedAtNs: known ? statSync(join(dir, 'exit'), { bigint: true }).mtimeNs : undefined,
    startError: error ? error : undefined,
  }
}

/** True when the shim (or the first process) had begun; false claims the start so that a late shim gives up. */
export function hadBegun(dir: string): boolean {
  if (existsSync(join(dir, 'shim.stat'))) return true
  try {
    const fd = openSync(join(dir, 'claim'), 'wx')
    writeSync(fd, 'given up\n')
    closeSync(fd)
    return false
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return true
    throw error
  }
}

export function readIdentity(path: string): ProcessIdentity | undefined {
  const stat = parseStat(readText(path) ?? '')
  return stat ? { pid: stat.pid, startTicks: stat.startTicks } : undefined
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
