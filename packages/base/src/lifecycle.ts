/** Something that was opened; closing twice is allowed. */
export type Close = () => void | Promise<void>

/**
 * What a component opened, closed in reverse order. A failing close does not stop the others; the first error is
 * thrown at the end.
 */
export class Closers {
  #stack: Close[] = []
  #closed: Promise<void> | undefined

  /** Registers a close and hands back the value it belongs to. */
  add<T extends { close(): void | Promise<void> }>(part: T): T {
    this.defer(() => part.close())
    return part
  }

  defer(close: Close): void {
    this.#stack.push(close)
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeAll()
    return this.#closed
  }

  async #closeAll(): Promise<void> {
    let first: unknown
    for (const close of this.#stack.reverse()) {
      try {
        await close()
      } catch (error) {
        first ??= error
      }
    }
    this.#stack = []
    if (first !== undefined) throw first
  }
}
