import type { LogLine } from './log-line.ts'

/** A line that is longer goes on as a line of its own. */
const wholeBytesMax = 1024 * 1024

/** Puts lines together that the container runtime cut into parts; parts of several containers may alternate. */
export class WholeLines {
  readonly #open = new Map<string, { first: LogLine; parts: Buffer[]; bytes: number }>()

  /** The line, once it is whole; with the time of its first part. */
  add(line: LogLine): LogLine[] {
    const key = `${line.host}/${line.container}/${line.stream}`
    const open = this.#open.get(key)
    if (!open && !line.partial) return [line]
    const { first, parts, bytes } = open ?? { first: line, parts: [], bytes: 0 }
    parts.push(line.text)
    const allBytes = bytes + line.text.length
    if (line.partial && allBytes < wholeBytesMax) {
      this.#open.set(key, { first, parts, bytes: allBytes })
      return []
    }
    this.#open.delete(key)
    return [join(first, parts)]
  }

  /** What is not whole yet. */
  rest(): LogLine[] {
    const lines = [...this.#open.values()].map(({ first, parts }) => join(first, parts))
    this.#open.clear()
    return lines
  }
}

function join(first: LogLine, parts: readonly Buffer[]): LogLine {
  return { ...first, partial: false, text: Buffer.concat(parts) }
}
