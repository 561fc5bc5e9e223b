import { Child } from './child.ts'
import type { ChildDeps, ChildSpec } from './child.ts'
import { processesWithEnvironment } from './process-table.ts'

/** Marks every process of a host, containers included, by the host's own run directory. */
export const hostMark = 'KEMU_HOST'

/** A host's init: keeps its components running, and ends all that runs on the host when it is shut down. */
export class Supervisor {
  readonly #children: Child[]
  readonly #mark: string
  readonly #deps: ChildDeps

  constructor(specs: readonly ChildSpec[], mark: string, deps: ChildDeps) {
    this.#children = specs.map((spec) => new Child(spec, deps))
    this.#mark = mark
    this.#deps = deps
  }

  get children(): readonly Child[] {
    return this.#children
  }

  start(): void {
    for (const child of this.#children) child.start()
  }

  /**
   * A machine's shutdown: the kubelet first, so that it restarts nothing, then every process gets SIGTERM and, when the
   * grace time is over, SIGKILL; the runtime goes last, so that it can write down how the containers ended.
   */
  async shutdown(graceMs: number): Promise<void> {
    const { clock, logger } = this.#deps
    const [runtime, ...others] = this.#children
    await Promise.all(others.map((child) => child.stop(graceMs)))
    this.#signal('SIGTERM', runtime?.pid)
    const endMs = clock.monotonicMs() + graceMs
    while (this.#left(runtime?.pid).length > 0 && clock.monotonicMs() < endMs) {
      await new Promise<void>((resolve) => clock.setTimer(20, resolve))
    }
    await runtime?.stop(Math.min(graceMs, 1000))
    this.#signal('SIGKILL', undefined)
    logger.info('Host is down')
  }

  #left(except: number | undefined): number[] {
    return processesWithEnvironment(hostMark, this.#mark).filter(
      (pid) => pid !== process.pid && pid !== except,
    )
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL', except: number | undefined): void {
    for (const pid of this.#left(except)) {
      try {
        process.kill(pid, signal)
      } catch {
        // It ended in the meantime, which is what was wanted.
      }
    }
  }
}
