import type { Readable, Writable } from 'node:stream'
import type { CommandStatus } from './status.ts'

/** Which streams a client wants. */
export interface RemoteCommandOptions {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/** The client's end of an exec or attach, whatever protocol it came by. */
export interface RemoteCommandSession {
  readonly stdin: Readable | undefined
  readonly stdout: Writable | undefined
  readonly stderr: Writable | undefined
  onResize(listener: (size: TerminalSize) => void): void
  /** Tells how it ended, after all output, and closes. */
  finish(status: CommandStatus): Promise<void>
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>
}

/** Sizes come as JSON objects one after the other, in pieces of any length. */
export class TerminalSizeReader {
  #rest = ''

  push(text: string): TerminalSize[] {
    this.#rest += text
    const sizes: TerminalSize[] = []
    for (let end = this.#rest.indexOf('}'); end >= 0; end = this.#rest.indexOf('}')) {
      const size = parseSize(this.#rest.slice(0, end + 1))
      this.#rest = this.#rest.slice(end + 1)
      if (size) sizes.push(size)
    }
    return sizes
  }
}

function parseSize(text: string): TerminalSize | undefined {
  const width = /"Width"\s*:\s*(\d+)/.exec(text)?.[1]
  const height = /"Height"\s*:\s*(\d+)/.exec(text)?.[1]
  if (width === undefined || height === undefined) return undefined
  return { columns: Number(width), rows: Number(height) }
}

/** Ends a writable and waits until what was written is on its way. */
export function endWritable(stream: Writable | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (!stream || stream.destroyed || stream.writableFinished) return resolve()
    stream.on('close', () => resolve())
    stream.end(() => resolve())
  })
}
