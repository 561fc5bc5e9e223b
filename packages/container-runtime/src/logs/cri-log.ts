/** The two streams of a container's log; a terminal has only the first. */
export type LogStream = 'stdout' | 'stderr'

/** Longer lines are cut into partial ones (containerd's max_container_log_line_size). */
export const longestLineBytes = 16 * 1024

const newline = 0x0a
const carriageReturn = 0x0d

/** Raw output turned into log lines. */
export interface FormattedOutput {
  readonly lines: Buffer[]
  /** How many bytes of the input the lines stand for; the rest is an unfinished line. */
  readonly consumedBytes: number
}

/**
 * Cuts raw output into lines of the CRI log format: `TIME STREAM F|P TEXT\n` (KEP-1959's predecessor, kubelet's
 * cri logs). `ended` writes what is left without a newline as a partial line. `\r\n` counts as one newline.
 */
export function formatOutput(
  raw: Buffer,
  stream: LogStream,
  timestamp: () => string,
  ended: boolean,
): FormattedOutput {
  const lines: Buffer[] = []
  let at = 0
  while (at < raw.length) {
    const end = raw.indexOf(newline, at)
    const textEnd = end < 0 ? raw.length : dropReturn(raw, at, end)
    if (textEnd - at > longestLineBytes) {
      lines.push(logLine(timestamp(), stream, 'P', raw.subarray(at, at + longestLineBytes)))
      at += longestLineBytes
    } else if (end >= 0) {
      lines.push(logLine(timestamp(), stream, 'F', raw.subarray(at, textEnd)))
      at = end + 1
    } else if (ended) {
      lines.push(logLine(timestamp(), stream, 'P', raw.subarray(at)))
      at = raw.length
    } else break
  }
  return { lines, consumedBytes: at }
}

function dropReturn(raw: Buffer, start: number, end: number): number {
  return end > start && raw[end - 1] === carriageReturn ? end - 1 : end
}

function logLine(timestamp: string, stream: LogStream, tag: 'F' | 'P', text: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${timestamp} ${stream} ${tag} `), text, Buffer.from('\n')])
}

/** One line of a CRI log, taken apart. */
export interface LogEntry {
  readonly stream: LogStream
  readonly full: boolean
  readonly text: Buffer
}

/** Parses complete lines; `tornBytes` is what is left after the last newline. Lines of another form are skipped. */
export function parseLog(log: Buffer): { entries: LogEntry[]; tornBytes: number } {
  const entries: LogEntry[] = []
  let at = 0
  for (;;) {
    const end = log.indexOf(newline, at)
    if (end < 0) return { entries, tornBytes: log.length - at }
    const entry = parseLine(log.subarray(at, end))
    if (entry) entries.push(entry)
    at = end + 1
  }
}

function parseLine(line: Buffer): LogEntry | undefined {
  const match = /^\S+ (stdout|stderr) ([FP]) /.exec(line.subarray(0, 64).toString('latin1'))
  if (!match) return undefined
  return {
    stream: match[1] as LogStream,
    full: match[2] === 'F',
    text: line.subarray(match[0].length),
  }
}
