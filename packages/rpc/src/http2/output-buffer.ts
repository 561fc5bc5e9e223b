const blockBytes = 16 << 10

/**
 * What waits to be written to one socket. Frames are put straight into blocks; a block's written part is handed to the
 * socket and never touched again, the rest is used on.
 */
export class OutputBuffer {
  #full: Buffer[] = []
  #block: Buffer | undefined
  #start = 0
  #end = 0

  get isEmpty(): boolean {
    return this.#full.length === 0 && this.#start === this.#end
  }

  /** The block to write into; at least `bytes` are free from `at` on. Call `advance` with what was used. */
  reserve(bytes: number): Buffer {
    if (this.#block && this.#block.length - this.#end >= bytes) return this.#block
    this.#seal()
    this.#block = Buffer.allocUnsafe(Math.max(blockBytes, bytes))
    this.#start = 0
    this.#end = 0
    return this.#block
  }

  get at(): number {
    return this.#end
  }

  advance(bytes: number): void {
    this.#end += bytes
  }

  append(bytes: Buffer): void {
    bytes.copy(this.reserve(bytes.length), this.#end)
    this.#end += bytes.length
  }

  /** Everything that waits, in order. */
  take(): Buffer[] {
    this.#seal()
    const taken = this.#full
    this.#full = []
    return taken
  }

  #seal(): void {
    if (!this.#block || this.#start === this.#end) return
    this.#full.push(this.#block.subarray(this.#start, this.#end))
    this.#start = this.#end
  }
}
