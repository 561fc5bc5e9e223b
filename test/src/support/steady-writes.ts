/** Writes one thing after the other until it is stopped, and knows what was acknowledged. */
export class SteadyWrites {
  readonly #write: (name: string) => Promise<boolean>
  readonly #acknowledged: string[] = []
  readonly #done: Promise<void>
  #isStopped = false

  /** `write` says whether the thing of that name was acknowledged; what was not may be there or not. */
  constructor(write: (name: string) => Promise<boolean>) {
    this.#write = write
    this.#done = this.#run()
  }

  get count(): number {
    return this.#acknowledged.length
  }

  /** The names that were acknowledged. */
  async stop(): Promise<readonly string[]> {
    this.#isStopped = true
    await this.#done
    return this.#acknowledged
  }

  async #run(): Promise<void> {
    for (let i = 0; !this.#isStopped; i++) {
      const name = `steady-${i}`
      if (await this.#write(name)) this.#acknowledged.push(name)
    }
  }
}
