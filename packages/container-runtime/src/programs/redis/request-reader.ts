/** A client that sends no RESP. */
export class ProtocolError extends Error {
  override name = 'ProtocolError'
}

const bulkBytesMax = 64 * 1024 * 1024

/** Cuts a connection's bytes (as latin1) into commands: arrays of bulk strings, or words on a line (telnet). */
export class RequestReader {
  #rest = ''

  push(chunk: Buffer): string[][] {
    this.#rest += chunk.toString('latin1')
    const commands: string[][] = []
    for (let parsed = this.#next(); parsed; parsed = this.#next()) {
      this.#rest = this.#rest.slice(parsed.end)
      if (parsed.words.length > 0) commands.push(parsed.words)
    }
    return commands
  }

  #next(): { words: string[]; end: number } | undefined {
    const line = this.#line(0)
    if (!line) return undefined
    if (!line.text.startsWith('*'))
      return { words: line.text.split(/\s+/).filter(Boolean), end: line.end }
    const words: string[] = []
    let at = line.end
    for (let left = readNumber(line.text); left > 0; left--) {
      const header = this.#line(at)
      if (!header) return undefined
      if (!header.text.startsWith('$'))
        throw new ProtocolError(`expected '$', got '${header.text[0]}'`)
      const length = readNumber(header.text)
      if (length > bulkBytesMax) throw new ProtocolError('invalid bulk length')
      const end = header.end + length
      if (this.#rest.length < end + 2) return undefined
      words.push(this.#rest.slice(header.end, end))
      at = end + 2
    }
    return { words, end: at }
  }

  #line(from: number): { text: string; end: number } | undefined {
    const end = this.#rest.indexOf('\n', from)
    if (end < 0) return undefined
    return { text: this.#rest.slice(from, end).replace(/\r$/, ''), end: end + 1 }
  }
}

function readNumber(text: string): number {
  const value = Number(text.slice(1))
  if (!Number.isInteger(value)) throw new ProtocolError('invalid multibulk length')
  return value
}
