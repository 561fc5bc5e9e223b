import { watch } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseTime } from '@kemu/api'
import { sleep } from '@kemu/base'
import type { Clock } from '@kemu/base'
import type { LogOptions } from './log-options.ts'

export interface LogSource {
  readonly path: string
  /** Will more come? Asked at the end of the file while following. */
  readonly isRunning: () => boolean
}

/** A write that resolves when the reader may go on. */
export type WriteLog = (chunk: Buffer) => Promise<void>

const chunkBytes = 64 << 10
/** How late the end of a container is noticed by somebody who follows its log. */
const recheckMs = 500
const newline = 10

/**
 * Reads a log in CRI's format (`time stream tag text`) from its last lines or its beginning, and
 * goes on while the container writes. Upstream: kuberuntime/logs ReadLogs.
 */
export async function readLog(
  clock: Clock,
  source: LogSource,
  options: LogOptions,
  write: WriteLog,
  signal: AbortSignal,
): Promise<void> {
  const file = await open(source.path)
  const printer = new LinePrinter(options, write)
  const cursor = { file, offset: await startOffset(file, options.tailLines), rest: Buffer.alloc(0) }
  const wake = new Waker(source.path, clock)
  try {
    while (!signal.aborted && !printer.isFull) {
      const wasRunning = source.isRunning()
      const lines = await readLines(cursor)
      if (lines.length > 0) {
        for (const line of lines) if (!printer.isFull) await printer.print(line)
        continue
      }
      if (await reopenRotated(cursor, source.path)) continue
      if (!options.follow || !wasRunning) return
      await wake.next(signal)
    }
  } finally {
    wake.close()
    await cursor.file.close()
  }
}

interface Cursor {
  file: FileHandle
  offset: number
  rest: Buffer
}

async function readLines(cursor: Cursor): Promise<Buffer[]> {
  const lines: Buffer[] = []
  const { bytesRead, buffer } = await cursor.file.read({
    buffer: Buffer.alloc(chunkBytes),
    position: cursor.offset,
  })
  if (bytesRead === 0) return lines
  cursor.offset += bytesRead
  let data = Buffer.concat([cursor.rest, buffer.subarray(0, bytesRead)])
  for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline)) {
    lines.push(data.subarray(0, end + 1))
    data = data.subarray(end + 1)
  }
  cursor.rest = Buffer.from(data)
  // A chunk without a whole line is no end of the file.
  return lines.length > 0 ? lines : readLines(cursor)
}

/** A log that grew too large was put aside and begun anew under its name. */
async function reopenRotated(cursor: Cursor, path: string): Promise<boolean> {
  const now = await stat(path).catch(() => undefined)
  const own = await cursor.file.stat()
  if (!now || now.ino === own.ino) return false
  await cursor.file.close()
  cursor.file = await open(path)
  cursor.offset = 0
  cursor.rest = Buffer.alloc(0)
  return true
}

/** Where the last so many lines begin. */
async function startOffset(file: FileHandle, tailLines: number | undefined): Promise<number> {
  if (tailLines === undefined) return 0
  const { size } = await file.stat()
  if (tailLines === 0) return size
  let left = tailLines
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - chunkBytes)
    const buffer = Buffer.alloc(end - start)
    await file.read(buffer, 0, buffer.length, start)
    for (let at = buffer.length - 1; at >= 0; at--) {
      if (buffer[at] !== newline || start + at === size - 1) continue
      left -= 1
      if (left === 0) return start + at + 1
    }
    end = start
  }
  return 0
}

/** Takes the runtime's notes off the lines, leaves out what was not asked for, and counts bytes. */
class LinePrinter {
  readonly #options: LogOptions
  readonly #write: WriteLog
  #left: number
  #atLineStart = true

  constructor(options: LogOptions, write: WriteLog) {
    this.#options = options
    this.#write = write
    this.#left = options.limitBytes ?? Number.POSITIVE_INFINITY
  }

  get isFull(): boolean {
    return this.#left <= 0
  }

  async print(line: Buffer): Promise<void> {
    const parsed = parseLine(line)
    if (!parsed) return
    const { time, stream, isPartial, text } = parsed
    const { sinceMs, timestamps, stream: wanted } = this.#options
    if (sinceMs !== undefined && parseTime(time) < sinceMs) return
    if (wanted !== 'All' && wanted.toLowerCase() !== stream) return
    const stamp = timestamps && this.#atLineStart ? Buffer.from(`${time} `) : Buffer.alloc(0)
    this.#atLineStart = !isPartial
    const end = isPartial ? Buffer.alloc(0) : Buffer.from('\n')
    const whole = Buffer.concat([stamp, text, end])
    const part = whole.length > this.#left ? whole.subarray(0, this.#left) : whole
    this.#left -= part.length
    await this.#write(part)
  }
}

interface LogLine {
  readonly time: string
  readonly stream: string
  readonly isPartial: boolean
  readonly text: Buffer
}

/** Undefined for what is no line of a CRI log. */
export function parseLine(line: Buffer): LogLine | undefined {
  const space = 32
  const first = line.indexOf(space)
  const second = line.indexOf(space, first + 1)
  const third = line.indexOf(space, second + 1)
  if (first < 0 || second < 0 || third < 0) return undefined
  const stream = line.subarray(first + 1, second).toString()
  if (stream !== 'stdout' && stream !== 'stderr') return undefined
  const tag = line
    .subarray(second + 1, third)
    .toString()
    .split(':')[0]
  const end = line.at(-1) === newline ? line.length - 1 : line.length
  return {
    time: line.subarray(0, first).toString(),
    stream,
    isPartial: tag === 'P',
    text: line.subarray(third + 1, end),
  }
}

/** Sleeps until something happens in the log's directory, or a little while. */
class Waker {
  readonly #clock: Clock
  readonly #watcher
  #woken = new AbortController()

  constructor(path: string, clock: Clock) {
    this.#clock = clock
    this.#watcher = watch(dirname(path), () => this.#woken.abort())
    this.#watcher.on('error', () => this.#watcher.close())
  }

  async next(signal: AbortSignal): Promise<void> {
    await sleep(this.#clock, recheckMs, AbortSignal.any([signal, this.#woken.signal]))
    this.#woken = new AbortController()
  }

  close(): void {
    this.#watcher.close()
  }
}
