/** An AbortController that is made when somebody asks for its signal: most requests end unasked. */
export class LazyAbort {
  #controller: AbortController | undefined
  #aborted = false

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort()
    }
    return this.#controller.signal
  }

  abort(): void {
    this.#aborted = true
    this.#controller?.abort()
  }
}
