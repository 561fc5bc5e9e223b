import type { Clock } from '@kemu/base'

/** kubeadm-like progress: `[phase] What is done`, and the time it took. */
export class Progress {
  readonly #clock: Clock
  readonly #write: (text: string) => void
  readonly #startMs: number

  constructor(clock: Clock, write: (text: string) => void) {
    this.#clock = clock
    this.#write = write
    this.#startMs = clock.monotonicMs()
  }

  say(phase: string, text: string): void {
    this.#write(`[${phase}] ${text}\n`)
  }

  /** Runs a step; its line tells how long it took, and comes when it is done. */
  async step<T>(phase: string, text: string, run: () => Promise<T>): Promise<T> {
    const beganMs = this.#clock.monotonicMs()
    const result = await run()
    this.say(phase, `${text} (${milliseconds(this.#clock.monotonicMs() - beganMs)})`)
    return result
  }

  elapsed(): string {
    return milliseconds(this.#clock.monotonicMs() - this.#startMs)
  }
}

function milliseconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`
}
