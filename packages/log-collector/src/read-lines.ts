import type { LogLine } from '@kemu/log-store'
import type { LogForm } from './log-place.ts'

const newline = 0x0a
/** Plain text without a newline is cut here, like the container runtime cuts (max_container_log_line_size). */
const plainBytesMax = 16 * 1024

/** What a line says of itself. */
export type ReadLine = Pick<LogLine, 'time' | 'stream' | 'partial' | 'text'> & {
  /** The first byte after it, counted from the start of what was read. */
  readonly end: number
}

/**
 * Takes whole lines from the start of `bytes`; what is behind the last newline waits for its end. A line that does not
 * tell its time was written at `readTime`, as far as anybody knows.
 */
export function readLines(bytes: Buffer, form: LogForm, readTime: string): ReadLine[] {
  const lines: ReadLine[] = []
  let at = 0
  while (at < bytes.length) {
    const found = bytes.indexOf(newline, at)
    const end = found < 0 ? bytes.length : found
    const isCut = form === 'plain' && end - at > plainBytesMax
    if (found < 0 && !isCut) break
    const textEnd = isCut ? at + plainBytesMax : end
    const text = bytes.subarray(at, textEnd)
    at = isCut ? textEnd : end + 1
    lines.push({ ...parse(text, form, readTime), ...(isCut && { partial: true }), end: at })
  }
  return lines
}

type Parsed = Omit<ReadLine, 'end'>

function parse(text: Buffer, form: LogForm, readTime: string): Parsed {
  const parsed = form === 'cri' ? parseCri(text) : undefined
  return parsed ?? { time: timeIn(text) ?? readTime, stream: 'file', partial: false, text }
}

/** `TIME STREAM TAG TEXT`; the tag is F, or P for a line that goes on. A line of another form is kept as it is. */
function parseCri(line: Buffer): Parsed | undefined {
  const match = /^(\d{4}-\S+) (stdout|stderr) ([FP]) /.exec(line.subarray(0, 64).toString('latin1'))
  if (!match) return undefined
  const [head, time, stream, tag] = match as unknown as [
    string,
    string,
    'stdout' | 'stderr',
    string,
  ]
  return { time, stream, partial: tag === 'P', text: line.subarray(head.length) }
}

/** kemu's components write JSON with the time near the start (pino). */
function timeIn(text: Buffer): string | undefined {
  return /"time":"(\d{4}-[\d:.TZ+-]+)"/.exec(text.subarray(0, 200).toString('latin1'))?.[1]
}
