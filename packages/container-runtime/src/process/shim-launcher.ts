import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { launcherScript } from './shim-script.ts'

export interface ShimOrder {
  /** The shim's directory; holds run.sh and the FIFO `alive`, see shim-script.ts. */
  readonly dir: string
  readonly tree: 'namespace' | 'session'
  /** The environment mark of a plain container's processes. */
  readonly mark: string
}

interface Waiting {
  readonly begun: () => void
  readonly failed: (error: Error) => void
}

/** What the launcher answers when a shim has its doorbell, see shim-script.ts. */
const begun = 'begun'

/**
 * Forks shims from one small shell. A fork of the runtime itself copies the page tables of a Node process, and Node
 * stands still until the child has executed its program: many milliseconds on a busy machine, for every other pod too.
 * The shell ends with the runtime, its shims go on.
 */
export class ShimLauncher {
  readonly #root: string
  readonly #lifeline: string
  #shell: ChildProcess | undefined
  /** In the order in which the shell answers. */
  #waiting: Waiting[] = []

  /** The runtime's root is only there for people who look at the list of processes. */
  constructor(root: string, lifeline: string) {
    this.#root = root
    this.#lifeline = lifeline
  }

  /** Resolves when the shim holds its doorbell. */
  start({ dir, tree, mark }: ShimOrder): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ begun: resolve, failed: reject })
      this.#order(`${tree} ${mark} ${dir}`)
    })
  }

  /** Lets the shell take the exits of shims that have ended. */
  reap(): void {
    this.#shell?.stdin!.write('\n')
  }

  /** Removes a directory that nobody needs any more, some time soon. */
  removeTree(dir: string): void {
    this.#order(`remove - ${dir}`)
  }

  close(): void {
    this.#shell?.stdin!.end()
    this.#shell = undefined
  }

  #order(words: string): void {
    this.#shell ??= this.#open()
    this.#shell.stdin!.write(`${words}\n`)
  }

  #open(): ChildProcess {
    const words = ['-c', launcherScript, 'kemu-shims', this.#lifeline, this.#root]
    const shell = spawn('/bin/sh', words, {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'] },
    })
    createInterface(shell.stdout).on('line', (answer) => this.#answer(answer))
    shell.stdin.on('error', () => undefined) // its end tells
    shell.on('error', (error) => this.#ended(shell, error))
    shell.on('exit', () => this.#ended(shell, new Error('the launcher of shims has ended')))
    shell.unref()
    for (const end of [shell.stdin, shell.stdout]) (end as Socket).unref()
    return shell
  }

  #answer(answer: string): void {
    const first = this.#waiting.shift()
    if (answer === begun) first?.begun()
    else first?.failed(new Error(answer))
  }

  /** The next start opens another one. */
  #ended(shell: ChildProcess, error: Error): void {
    if (this.#shell === shell) this.#shell = undefined
    for (const { failed } of this.#waiting.splice(0)) failed(error)
  }
}
