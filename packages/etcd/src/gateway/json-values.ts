/** A body is one JSON value after the other; this takes it in pieces and gives each value when it is whole. */
export class JsonValues {
  readonly #onValue: (value: unknown) => void
  #text = ''
  #scanned = 0
  #depth = 0
  #isInString = false

  constructor(onValue: (value: unknown) => void) {
    this.#onValue = onValue
  }

  /** Throws a SyntaxError when a value is no JSON. */
  push(piece: string): void {
    this.#text += piece
    while (this.#scanned < this.#text.length) {
      const char = this.#text[this.#scanned++]!
      if (this.#isInString) {
        if (char === '\\') this.#scanned += 1
        else if (char === '"') this.#isInString = false
      } else if (char === '"') this.#isInString = true
      else if (char === '{' || char === '[') this.#depth += 1
      else if (char === '}' || char === ']') this.#close()
    }
  }

  /** Something has begun and is not whole; a value outside of braces ends only here. */
  get rest(): string {
    return this.#text.trim()
  }

  get restLength(): number {
    return this.#text.length
  }

  #close(): void {
    this.#depth -= 1
    if (this.#depth > 0) return
    const text = this.#text.slice(0, this.#scanned)
    this.#text = this.#text.slice(this.#scanned)
    this.#scanned = 0
    this.#depth = 0
    this.#onValue(JSON.parse(quoteLargeNumbers(text)))
  }
}

/** A 64-bit number does not fit into JavaScript's; as a string it means the same. */
export function quoteLargeNumbers(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (found) =>
    found.startsWith('"') ? found : `"${found}"`,
  )
}
