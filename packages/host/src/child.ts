import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { Backoff } from '@kemu/base'
import type { Clock, Logger, Random, Timer } from '@kemu/base'

export interface ChildSpec {
  readonly name: string
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Standard output and error are appended here. */
  readonly logFile: string
}

export interface ChildDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** A process that dies at once is started again at once the first time, then after growing pauses. */
const restart = { initialMs: 10, maxMs: 5_000, factor: 3 }
/** A process that lived this long was well; its next death counts as the first. */
const wellAfterMs = 10_000

/** One process that is kept running: systemd's Restart=always. */
export class Child {
  readonly spec: ChildSpec
  readonly #deps: ChildDeps
  readonly #backoff: Backoff
  #process: ChildProcess | undefined
  #pending: Timer | undefined
  #stopping = false
  #exited: Promise<void> = Promise.resolve()
  restarts = 0
  startedAtMs = 0

  constructor(spec: ChildSpec, deps: ChildDeps) {
    this.spec = spec
    this.#deps = deps
    this.#backoff = new Backoff(restart, deps.random)
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  start(): void {
    const { clock, logger } = this.#deps
    const log = openSync(this.spec.logFile, 'a')
    const [program, ...args] = this.spec.command as [string, ...string[]]
    const child = spawn(program, args, {
      env: this.spec.env,
      stdio: ['ignore', log, log],
      detached: true,
    })
    closeSync(log)
    this.#process = child
    this.startedAtMs = clock.now()
    const aliveFromMs = clock.monotonicMs()
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => {
        logger.error('Cannot start process', { process: this.spec.name, err: error })
        resolve()
        this.#again(aliveFromMs)
      })
      child.once('exit', (code, signal) => {
        this.#process = undefined
        resolve()
        if (this.#stopping) return
        logger.warn('Process ended', { process: this.spec.name, pid: child.pid, code, signal })
        this.#again(aliveFromMs)
      })
    })
    logger.info('Started process', { process: this.spec.name, pid: child.pid })
  }

  /** SIGTERM, and SIGKILL after the grace time; resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    this.#pending?.cancel()
    const child = this.#process
    if (!child) return
    child.kill('SIGTERM')
    const cut = this.#deps.clock.setTimer(graceMs, () => child.kill('SIGKILL'))
    await this.#exited
    cut.cancel()
  }

  #again(aliveFromMs: number): void {
    if (this.#stopping) return
    const { clock } = this.#deps
    if (clock.monotonicMs() - aliveFromMs > wellAfterMs) this.#backoff.reset()
    this.restarts += 1
    this.#pending = clock.setTimer(this.#backoff.nextMs(), () => this.start())
  }
}
