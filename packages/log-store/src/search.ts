import type { LogLine, LogSource } from './log-line.ts'
import type { LogReader } from './log-store.ts'
import { WholeLines } from './whole-lines.ts'

/** What is asked for; what is left out is not asked about. */
export interface LogQuery {
  readonly text?: string
  /** Milliseconds since 1970: lines that were written then or later. */
  readonly sinceMs?: number
  readonly namespace?: string
  readonly pod?: string
  /** A container's or a component's name. */
  readonly container?: string
  readonly host?: string
}

/** A whole line with its source. */
export interface FoundLine {
  readonly source: LogSource
  readonly line: LogLine
}

/** Entries that one question brings. */
const pageLines = 500
/** Clocks of the hosts and of Redis may differ by this; an entry's id tells when it came, not when it was written. */
const clockSkewMs = 60_000

/**
 * The lines that a query asks for, by time over all sources; lines of one source stay in the order in which they came.
 * At most one page of each source is in memory.
 */
export async function* searchLogs(reader: LogReader, query: LogQuery): AsyncGenerator<FoundLine> {
  const fromMs = query.sinceMs === undefined ? undefined : query.sinceMs - clockSkewMs
  const sources = (await reader.sources(fromMs)).filter((source) => isAskedFor(source, query))
  const heads: Head[] = []
  for (const source of sources) {
    const lines = linesOf(reader, source, query, fromMs)
    await advance({ source, lines }, heads)
  }
  while (heads.length > 0) {
    const { source, lines, line } = heads.shift()!
    yield { source, line }
    await advance({ source, lines }, heads)
  }
}

interface Cursor {
  readonly source: LogSource
  readonly lines: AsyncGenerator<LogLine>
}

/** A cursor with its next line. */
interface Head extends Cursor {
  readonly line: LogLine
}

/** Puts a cursor's next line where its time belongs among the heads, which are in order. */
async function advance(cursor: Cursor, heads: Head[]): Promise<void> {
  const next = await cursor.lines.next()
  if (next.done === true) return
  const head = { ...cursor, line: next.value }
  let low = 0
  let high = heads.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (heads[middle]!.line.time <= head.line.time) low = middle + 1
    else high = middle
  }
  heads.splice(low, 0, head)
}

async function* linesOf(
  reader: LogReader,
  source: LogSource,
  query: LogQuery,
  fromMs: number | undefined,
): AsyncGenerator<LogLine> {
  const whole = new WholeLines()
  const matches = lineMatcher(query)
  let from = fromMs === undefined ? '-' : String(Math.max(0, Math.floor(fromMs)))
  for (;;) {
    const page = await reader.lines(source, from, pageLines)
    for (const { line } of page) for (const each of whole.add(line)) if (matches(each)) yield each
    if (page.length < pageLines) break
    from = `(${page.at(-1)!.id}`
  }
  for (const line of whole.rest()) if (matches(line)) yield line
}

function isAskedFor(source: LogSource, { namespace, pod, container, host }: LogQuery): boolean {
  switch (source.kind) {
    case 'pod':
      return (
        (namespace === undefined || source.namespace === namespace) &&
        (pod === undefined || source.pod === pod)
      )
    case 'component':
      return (
        namespace === undefined &&
        pod === undefined &&
        (container === undefined || source.component === container) &&
        (host === undefined || source.host === host)
      )
  }
}

function lineMatcher({ text, sinceMs, container, host }: LogQuery): (line: LogLine) => boolean {
  const wanted = text === undefined ? undefined : Buffer.from(text)
  return (line) =>
    (container === undefined || line.container === container) &&
    (host === undefined || line.host === host) &&
    (sinceMs === undefined || Date.parse(line.time) >= sinceMs) &&
    (wanted === undefined || line.text.includes(wanted))
}
